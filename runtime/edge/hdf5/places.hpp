// Places: where the pages of a generation's array lie: in its own file, or in those that it needs. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "port/written_pages.hpp"
#include "state/manifest.hpp"

namespace godwit {

struct Place {  // pages [first, first + count) of the array
  std::uint64_t first{0};
  std::uint64_t count{0};
  std::uint64_t file{0};    // by whom it is used says what it counts
  std::uint64_t offset{0};  // of the first one, in bytes

  bool operator==(Place const&) const = default;
};
using Places = std::vector<Place>;  // ascending, apart from each other

[[nodiscard]] constexpr std::uint64_t pages_of(std::uint64_t bytes) {
  return (bytes + tracked_page_bytes - 1) / tracked_page_bytes;
}
[[nodiscard]] std::uint64_t page_count(PageRuns const& runs);

// What is above hides what is below.
[[nodiscard]] Places over(Places const& below, Places const& above);
// Runs one behind the other in `file`, from `offset` on.
[[nodiscard]] Places packed(PageRuns const& runs, std::uint64_t file, std::uint64_t offset);
// Do they cover pages [0, pages), each once?
[[nodiscard]] bool cover(Places const& places, std::uint64_t pages);

[[nodiscard]] PageRuns united(PageRuns const& one, PageRuns const& other);
// Of the arena's pages those of the array, counted from its first one; an array begins on a page.
[[nodiscard]] PageRuns of_array(PageRuns const& pages, ArrayPlace const& array);

}  // namespace godwit
