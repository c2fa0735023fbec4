#include "edge/hdf5/packing.hpp"

#include <algorithm>
#include <cstring>

#include "edge/hdf5/layout.hpp"

namespace godwit {
namespace {

constexpr auto page = tracked_page_bytes;

// Both may be the same memory: what is read lies nowhere before what is written.
ByteView pack_array(ByteView array, PageRuns const& runs, std::span<std::byte> to) {
  std::uint64_t at = 0;
  for (auto const& run : runs) {
    auto const first = run.first * page;
    auto const bytes = std::min(run.count * page, array.size() - first);
    std::memmove(to.data() + at, array.data() + first, bytes);
    at += bytes;
  }
  auto const whole = pages_of(at) * page;
  std::memset(to.data() + at, 0, whole - at);
  return to.first(whole);
}

}  // namespace

std::vector<ByteView> views_of(Manifest const& manifest, ByteView arena) {
  std::vector<ByteView> views;
  for (auto const& array : manifest.arrays) views.push_back(arena.subspan(array.offset, array.bytes));
  return views;
}

std::uint64_t packed_bytes(Manifest const& manifest, std::vector<PageRuns> const& own) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < manifest.arrays.size(); ++i) {
    auto const& array = manifest.arrays[i];
    bytes += (layout::is_slab(array) ? page_count(own[i]) : pages_of(array.bytes)) * page;
  }
  return bytes;
}

std::vector<ByteView> pack(Manifest const& manifest, std::vector<PageRuns> const& own, ByteView arena,
                           std::span<std::byte> to) {
  std::vector<ByteView> views;
  for (std::size_t i = 0; i < manifest.arrays.size(); ++i) {
    auto const& array = manifest.arrays[i];
    auto const all = PageRuns{{0, pages_of(array.bytes)}};
    auto const view = array.bytes == 0 ? ByteView{}
                                       : pack_array(arena.subspan(array.offset, array.bytes),
                                                    layout::is_slab(array) ? own[i] : all, to);
    to = to.subspan(view.size());
    views.push_back(layout::is_slab(array) ? view : view.first(array.bytes));
  }
  return views;
}

std::vector<ByteView> pack_in_place(Manifest const& manifest, std::vector<PageRuns> const& own,
                                    std::span<std::byte> arena) {
  std::vector<ByteView> views;
  for (std::size_t i = 0; i < manifest.arrays.size(); ++i) {
    auto const& array = manifest.arrays[i];
    auto const bytes = arena.subspan(array.offset, array.bytes);
    views.push_back(layout::is_slab(array) ? pack_array(bytes, own[i], arena.subspan(array.offset))
                                           : ByteView(bytes));
  }
  return views;
}

}  // namespace godwit
