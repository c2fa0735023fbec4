// WrittenPages: which pages of an arena a job has written, asked again and again. Each answer covers what was
// written since the one before, and arms again: so who copies the pages of every answer always has the whole.
//
// An answer may name pages that were not written, and never leaves out one that was. Nothing at all means
// that nobody knows: each page may have been written. Ask before copying, never after: what is written in
// between is in the next answer. Several may ask, each for itself (Reader). Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace godwit {

inline constexpr std::uint64_t tracked_page_bytes = 4096;

struct PageRun {  // of pages of 4096 bytes, from the arena's start
  std::uint64_t first{0};
  std::uint64_t count{0};

  bool operator==(PageRun const&) const = default;
};
using PageRuns = std::vector<PageRun>;  // ascending, apart from each other

class WrittenPages {
 public:
  enum class Reader : std::uint8_t { checkpoint, move, partner };
  static constexpr std::size_t readers = 3;

  virtual ~WrittenPages() = default;

  // Of the arena's first `bytes`, since this reader last asked. The first answer to a reader is always
  // nothing.
  [[nodiscard]] virtual std::optional<PageRuns> take(Reader reader, std::uint64_t bytes) = 0;
};

}  // namespace godwit
