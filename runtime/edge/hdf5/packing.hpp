// Packing: the pages of an image that a file is to hold itself, one behind the other, whole pages: what isn't
// the array's is zero. One view per array: small ones as they are.
#pragma once

#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "edge/hdf5/places.hpp"

namespace godwit {

// Each array as it lies in the arena: a full image.
[[nodiscard]] std::vector<ByteView> views_of(Manifest const& manifest, ByteView arena);

[[nodiscard]] std::uint64_t packed_bytes(Manifest const& manifest, std::vector<PageRuns> const& own);
// `to`: packed_bytes, on a page.
[[nodiscard]] std::vector<ByteView> pack(Manifest const& manifest, std::vector<PageRuns> const& own,
                                         ByteView arena, std::span<std::byte> to);
// Within a copy of the arena, which is lost: the pages of each array to the array's front.
[[nodiscard]] std::vector<ByteView> pack_in_place(Manifest const& manifest, std::vector<PageRuns> const& own,
                                                  std::span<std::byte> arena);

}  // namespace godwit
