// Writes one image to its file: digests and bulk bytes straight from memory, metadata from a Skeleton.
// Blocks until the file is durable under its name, or nothing of it is left. The one HDF5 thread.
#pragma once

#include <filesystem>

#include "edge/hdf5/skeleton.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit {

struct WrittenImage {
  msg::ImageName image;
  std::uint64_t bytes{0};
};

// `pages`: the arena's bytes; arrays are taken from it by their offsets.
[[nodiscard]] Result<WrittenImage> write_image(std::filesystem::path const& store,
                                               CheckpointRecord const& record, ByteView pages);

}  // namespace godwit
