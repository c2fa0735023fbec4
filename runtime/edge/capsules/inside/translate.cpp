#include "edge/capsules/inside/translate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace godwit::inside {

namespace {

std::string kind_of(Manifest const& manifest) {
  return fmt::format("{} ({}-endian)",
                     manifest.architecture.empty() ? "an unknown architecture" : manifest.architecture,
                     manifest.little_endian ? "little" : "big");
}

Failure refuse(Manifest const& manifest, std::string const& why) {
  return reject("other_architecture",
                fmt::format("the image was made on {}, this is {} ({}-endian), and {}", kind_of(manifest),
                            own_architecture(), own_order_is_little ? "little" : "big", why));
}

void turn_around(std::span<std::byte> bytes, std::size_t width) {
  for (std::size_t at = 0; at + width <= bytes.size(); at += width) {
    std::reverse(bytes.data() + at, bytes.data() + at + width);
  }
}

}  // namespace

Status translate(Manifest const& manifest, Arena const& arena) {
  bool const same_kind =
      manifest.architecture == own_architecture() || manifest.version < 2;  // not recorded then
  if (same_kind && manifest.little_endian == own_order_is_little) return Done{};

  auto arrays = manifest.arrays;
  std::ranges::sort(arrays, {}, &ArrayPlace::offset);
  std::uint64_t known = 0;  // up to here every page belongs to an array
  for (auto const& place : arrays) {
    if (place.bytes == 0) continue;
    if (place.offset < known) {
      return refuse(manifest, fmt::format("array '{}' shares its memory with another", place.name));
    }
    if (place.offset > known) break;
    known = place.offset + (place.bytes + page_bytes - 1) / page_bytes * page_bytes;
  }
  if (known < manifest.arena_bytes) {
    return refuse(manifest,
                  fmt::format("bytes {} to {} of its arena belong to no array that describe() names, so "
                              "that nobody knows how to translate them: describe every array",
                              known, manifest.arena_bytes));
  }
  if (manifest.little_endian == own_order_is_little) return Done{};
  for (auto const& place : arrays) turn_around(arena.bytes_of(place), width_bytes(place.scalar));
  return Done{};
}

}  // namespace godwit::inside
