#include "edge/hdf5/page_digests.hpp"

#include <algorithm>

namespace godwit {
namespace {

constexpr std::uint64_t pages_of_block = layout::block_bytes / tracked_page_bytes;

std::uint64_t digest_of_digests(std::span<std::uint64_t const> digests) {
  return digest_of(std::as_bytes(digests)).value;
}

}  // namespace

PageDigests page_digests(ByteView array) {
  PageDigests digests;
  digests.reserve((array.size() + tracked_page_bytes - 1) / tracked_page_bytes);
  while (!array.empty()) {
    auto const page = array.first(std::min(array.size(), tracked_page_bytes));
    digests.push_back(digest_of(page).value);
    array = array.subspan(page.size());
  }
  return digests;
}

void enter(PageDigests& digests, PageRuns const& runs, ByteView packed, std::uint64_t bytes) {
  for (auto const& run : runs) {
    for (auto page = run.first; page < run.first + run.count; ++page) {
      auto const length = std::min(tracked_page_bytes, bytes - page * tracked_page_bytes);
      digests[page] = digest_of(packed.first(length)).value;
      packed = packed.subspan(tracked_page_bytes);
    }
  }
}

PageRuns differing(PageDigests const& one, PageDigests const& other) {
  PageRuns runs;
  for (std::uint64_t page = 0; page < one.size(); ++page) {
    if (one[page] == other[page]) continue;
    if (!runs.empty() && runs.back().first + runs.back().count == page)
      ++runs.back().count;
    else
      runs.push_back({page, 1});
  }
  return runs;
}

layout::Blocks blocks_of_pages(PageDigests const& digests) {
  layout::Blocks blocks;
  for (std::span<std::uint64_t const> rest(digests); !rest.empty();) {
    auto const block = rest.first(std::min<std::size_t>(rest.size(), pages_of_block));
    blocks.push_back(digest_of_digests(block));
    rest = rest.subspan(block.size());
  }
  return blocks;
}

std::uint64_t block_digest(ByteView block) {
  return digest_of_digests(page_digests(block));
}

}  // namespace godwit
