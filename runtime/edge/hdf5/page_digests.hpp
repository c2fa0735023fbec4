// PageDigests: a digest for each page of 4096 bytes of an array, and from them those of its blocks, which a
// file keeps. So the digests of an array of which a little has changed cost no more than that little.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "edge/hdf5/layout.hpp"
#include "port/written_pages.hpp"

namespace godwit {

using PageDigests = std::vector<std::uint64_t>;  // of one array

[[nodiscard]] PageDigests page_digests(ByteView array);
// Enters those of the pages that lie in `packed`, one behind the other; `bytes`: of the array.
void enter(PageDigests& digests, PageRuns const& runs, ByteView packed, std::uint64_t bytes);
// Which pages differ; both of equal length.
[[nodiscard]] PageRuns differing(PageDigests const& one, PageDigests const& other);

// The digest of a block: that of its pages' digests.
[[nodiscard]] layout::Blocks blocks_of_pages(PageDigests const& digests);
[[nodiscard]] std::uint64_t block_digest(ByteView block);

}  // namespace godwit
