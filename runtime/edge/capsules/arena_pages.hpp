// ArenaPages: the port's WrittenPages of one capsule's arena, scanned from the host with the descriptors that
// the capsule has sent. Nothing is known before that, after the process has ended, and once the job has
// forked: a child writes through a mapping of its own.
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <vector>

#include "edge/capsules/link/control_block.hpp"
#include "edge/capsules/link/page_watch.hpp"
#include "port/written_pages.hpp"

namespace godwit {

class ArenaPages final : public WrittenPages {
 public:
  explicit ArenaPages(ControlBlock const& block) : block_(block) {}

  void watch(PageWatch watch);
  // Another job comes into the same process.
  void renew();
  [[nodiscard]] std::optional<PageRuns> take(Reader reader, std::uint64_t bytes) override;

 private:
  class PageSet {
   public:
    void add(std::uint64_t first, std::uint64_t end);
    [[nodiscard]] PageRuns take();

   private:
    std::vector<std::uint64_t> words_;
  };
  struct Owed {
    bool known{false};  // it has asked since all was known
    PageSet pages;      // that it hasn't been told of
  };
  void scan(std::uint64_t bytes);

  ControlBlock const& block_;
  std::mutex mutex_;
  std::optional<PageWatch> watch_;
  std::array<Owed, readers> owed_;
};

}  // namespace godwit
