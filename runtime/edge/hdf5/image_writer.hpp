// Writes one image to its file: digests and bulk bytes straight from memory, metadata from a Skeleton.
// Blocks until the file is durable under its name, or nothing of it is left. The one HDF5 thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "edge/hdf5/chain.hpp"
#include "edge/hdf5/skeleton.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit {

struct WrittenImage {
  msg::ImageName image;
  std::uint64_t bytes{0};
  std::shared_ptr<Chain const> chain;  // for the next one
};

struct ImageBytes {
  std::vector<ByteView> arrays;  // per array; of an increment, for those in slabs, the packed pages
  std::optional<std::vector<PageDigests>> digests;  // per array, where they are known already
};

[[nodiscard]] Result<WrittenImage> write_image(std::filesystem::path const& store,
                                               CheckpointRecord const& record, ImageBytes image,
                                               Increment const* increment = nullptr);

// Per array, all of its pages.
[[nodiscard]] std::vector<PageDigests> digests_of(std::vector<ByteView> const& arrays);

}  // namespace godwit
