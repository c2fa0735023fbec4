// Compaction: what follows from a ledger's log is written down as a snapshot, and what is needed no more is thrown away. ADR 0013.
//
// It works on files alone, beside the allocator and in the dark about it: it reads the snapshot before and the log since, as who
// takes over would, and writes the next one. So it costs the loop nothing, and what can't be read back is found while there is a
// way back. The snapshot is a draft until it is whole and durable, and counts from its renaming on; then it is read once
// more, and only then what the snapshot *before* it had made superfluous goes: that one, and the log after it, stay.
// A failure at any point leaves a ledger that says the same as before.
#pragma once

#include <atomic>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "base/result.hpp"
#include "base/time.hpp"
#include "edge/posix/ledger_files.hpp"
#include "ledger/event.hpp"

namespace godwit {

struct Compacted {
  std::uint64_t bytes{0};  // of the snapshot
  std::vector<std::string> notes;
};

// Everything before that segment, of whose term so many records come before it. `stop`: give up soon.
[[nodiscard]] Result<Compacted> compact(std::filesystem::path const& ledger, SegmentId segment, std::uint64_t before,
                                        std::atomic<bool> const& stop);

// One at a time, on a thread of its own, with the lowest claim on the processors. start(), busy() and take(): one thread.
class Compactor {
 public:
  explicit Compactor(std::filesystem::path ledger) : ledger_(std::move(ledger)) {}
  ~Compactor();
  Compactor(Compactor const&) = delete;
  Compactor& operator=(Compactor const&) = delete;

  void start(SegmentId segment, std::uint64_t before);
  [[nodiscard]] bool busy() const { return busy_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }  // of those that have ended, however
  [[nodiscard]] std::optional<Result<Compacted>> take();  // how the last one ended, once

 private:
  std::filesystem::path ledger_;
  std::atomic<bool> busy_{false}, stop_{false};
  std::atomic<std::uint64_t> count_{0};
  std::mutex mutex_;
  std::optional<Result<Compacted>> ended_;
  std::thread thread_;
};

}  // namespace godwit
