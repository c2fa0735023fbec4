// Seal: the first 512 bytes of a checkpoint file, HDF5's user block, which HDF5 tools skip.
//
// It says how long the file is and what its metadata should digest to, so that a file that was torn,
// cut or changed is recognised before the HDF5 library parses a byte of it (parsing damaged files has
// crashed it before). The magic, the version and the seal's own digest keep their places for ever:
// a newer format is recognised as one. docs/checkpoint-format.md has the picture.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"

namespace godwit {

inline constexpr std::uint32_t checkpoint_format = 5;  // the newest that is known; files say the oldest that can read them
inline constexpr std::size_t seal_bytes = 512;

struct Seal {
  std::uint32_t format{checkpoint_format};
  std::uint64_t file_bytes{0};
  std::uint64_t head_bytes{0};  // [0, head_bytes): seal and HDF5 metadata; bulk data follow
  Digest head;                  // of [512, head_bytes)
  Digest root;                  // of the image: /integrity@root

  bool operator==(Seal const&) const = default;
};

using SealBytes = std::array<std::byte, seal_bytes>;

// `note`: one line for people who look into the file with head(1); cut to what fits.
[[nodiscard]] SealBytes to_bytes(Seal const& seal, std::string_view note);

// What the first bytes of a file (up to 512) say. Failure codes: "not_hdf5", "not_a_checkpoint",
// "truncated", "newer_format", "damaged".
[[nodiscard]] Result<Seal> parse_seal(ByteView first, std::uint64_t file_bytes);

[[nodiscard]] Failure newer_format_failure(std::uint32_t format);

}  // namespace godwit
