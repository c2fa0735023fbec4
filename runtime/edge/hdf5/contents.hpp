// Contents: what a checkpoint file holds beside the bytes of its slabs, as HDF5 reads it and as the
// manifest describes it; both must agree. For checkpoint_file.cpp. One HDF5 thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "edge/hdf5/checkpoint_file.hpp"
#include "edge/hdf5/compression.hpp"
#include "edge/hdf5/layout.hpp"
#include "edge/hdf5/places.hpp"
#include "edge/hdf5/seal.hpp"

namespace godwit {

struct ChunkRow {  // as /integrity/chunks has it
  std::uint64_t file{0};  // as a Place counts it
  StoredChunk chunk;
};

struct StoredArray {
  layout::Blocks blocks;
  // Of an array in a slab; `file` counts the ancestors from 1 on, 0 is the file itself. Where chunks are, `offset` counts the bytes of
  // what they hold.
  Places places;
  std::vector<ChunkRow> chunks;  // by file and place
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
