// Contents: what a checkpoint file holds beside the bytes of its slabs, as HDF5 reads it and as the
// manifest describes it; both must agree. For checkpoint_file.cpp. One HDF5 thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "edge/hdf5/checkpoint_file.hpp"
#include "edge/hdf5/layout.hpp"
#include "edge/hdf5/places.hpp"
#include "edge/hdf5/seal.hpp"

namespace godwit {

struct StoredArray {
  layout::Blocks blocks;
  Places places;  // of an array in a slab; `file` counts the ancestors from 1 on, 0 is the file itself
  Bytes small;    // its bytes, if it is none
};

struct Contents {
  CheckpointLabel label;
  Manifest manifest;
  Bytes encoded;
  std::vector<StoredArray> arrays;  // as in the manifest
  std::vector<Ancestor> ancestors;
  std::vector<LogText> logs;
  WallTime time;
  std::string software;
};

// Of a file whose head matches its digest.
[[nodiscard]] Result<Contents> read_contents(std::filesystem::path const& path, Seal const& seal);

}  // namespace godwit
