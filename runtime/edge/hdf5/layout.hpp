// Layout: the names and sizes of the checkpoint format that writer and reader share, and what a
// manifest must be like to be written. docs/checkpoint-format.md is the specification.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "edge/hdf5/ancestor.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit::layout {

inline constexpr std::uint64_t block_bytes = 1 << 20;         // a digest each
inline constexpr std::uint32_t format_of_page_digests =
    4;  // from here on a block's is that of its pages' digests
inline constexpr std::uint32_t format_of_compression = 5;  // that of files whose large arrays are in chunks, compressed
inline constexpr std::uint64_t compact_bytes_max = 32 << 10;  // larger data get storage of their own
inline constexpr std::uint64_t slab_alignment = 4096;

// The name of a link in HDF5: '/', '%', control characters and a leading '.' are written as %XX, and
// the empty name as "%".
[[nodiscard]] std::string link_name(std::string_view name);

[[nodiscard]] constexpr std::uint64_t blocks_of(std::uint64_t bytes) {
  return (bytes + block_bytes - 1) / block_bytes;
}
// Arrays beyond this size lie in slabs behind the head; smaller ones in the head, compact.
[[nodiscard]] constexpr bool is_slab(ArrayPlace const& array) {
  return array.bytes > compact_bytes_max;
}

// Sizes, shapes and places fit each other and the arena, kinds are known. Code "bad_manifest".
[[nodiscard]] Status check(Manifest const& manifest);

using Blocks = std::vector<std::uint64_t>;  // digests of an array's blocks

// Of the image: names, manifest, the blocks of every array in the manifest's order, and the roots of the
// files that it needs.
[[nodiscard]] Digest root_digest(CheckpointLabel const& label, Digest manifest,
                                 std::span<Blocks const> arrays, std::span<std::uint64_t const> ancestors);
[[nodiscard]] std::vector<std::uint64_t> roots_of(std::span<Ancestor const> ancestors);

// The dataset /label: what a reader needs of the root attributes, as encoded bytes.
struct LabelRecord {
  JobId job;
  Epoch epoch;
  Generation generation;
  Epoch parent_epoch;  // 0 and 0: none
  Generation parent_generation;
  std::string type;
  std::string name;
  std::string account;
  std::string directory;
  std::map<std::string, std::string> arguments;
  std::string plugin_digest;
  Rank host;
  std::string node;
  WallTime time;
  std::string software;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& job& epoch& generation& parent_epoch& parent_generation& type& name& account& directory&
        arguments& plugin_digest& host& node& time& software;
  }
};
[[nodiscard]] LabelRecord record_of(CheckpointLabel const& label, WallTime time, std::string software);
[[nodiscard]] CheckpointLabel label_of(LabelRecord const& record);

[[nodiscard]] std::string parent_text(CheckpointLabel const& label);  // "5-11"; "" without one
[[nodiscard]] char const* mode_text(StreamMode mode);
[[nodiscard]] std::string time_text(WallTime time);  // "2026-11-21T09:14:07.123456Z"

}  // namespace godwit::layout
