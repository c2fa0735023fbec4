// Skeleton: the HDF5 side of a checkpoint, made in memory: every object, attribute and small value, and
// for each large array the place in the file (its slab) to which the writer puts the bytes itself.
//
// Why: HDF5 never touches the disk while a checkpoint is written. So a full disk can't leave it with a
// file that it is unable to close, bulk bytes go out at the disk's own speed and are digested on the
// way, and the metadata come as one run of bytes, the head, that gets a digest of its own.
//
// How: the file is built in a sparse h5::MemoryFile: large datasets are created without storage, and get it
// at the end, one after another, by writing one element each. Nothing but slabs lies behind the head. Of an
// increment the pages of an array that it holds itself are a dataset below /own, and the array is a virtual
// one (virtual_array.hpp). Where the job wishes its arrays compressed, they are chunked datasets: HDF5 is handed the chunks, one by
// one, and says where each belongs; its index of them needs space in the head, which is kept free. Throws h5::Error. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/time.hpp"
#include "edge/hdf5/chain.hpp"
#include "edge/hdf5/compression.hpp"
#include "edge/hdf5/layout.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit {

struct LogTail {
  std::string stream;  // "stdout"
  std::string text;
};

// All that a checkpoint file holds but the arrays' bytes.
struct CheckpointRecord {
  CheckpointLabel label;
  Manifest manifest;
  Bytes encoded;  // the same manifest as bytes
  WallTime time;
  std::string software;  // godwit's version
  std::vector<LogTail> logs;
};

struct Slab {         // of an array's own data: all of it, or the pages that an increment has, whole ones
  std::size_t array;  // index in manifest.arrays
  std::uint64_t offset;  // in the file; 0: in chunks, by a plan
  std::uint64_t bytes;
  std::uint64_t width;  // of a number
  std::optional<ChunkPlan> plan;
};

class Skeleton {
 public:
  // Both must live as long; without an increment it is a full one.
  explicit Skeleton(CheckpointRecord const& record, Increment const* increment = nullptr);
  ~Skeleton();
  Skeleton(Skeleton const&) = delete;
  Skeleton& operator=(Skeleton const&) = delete;

  [[nodiscard]] std::vector<Slab> const& slabs() const { return slabs_; }
  [[nodiscard]] std::uint64_t file_bytes() const;
  // Per array in a slab, where its pages lie; `file` counts the files that it needs, the newest from 1 on; 0:
  // this one. Without an increment: nothing.
  [[nodiscard]] std::vector<Places> places() const;
  // Of a slab that is in chunks, its chunks in order: where this one belongs in the file.
  [[nodiscard]] std::uint64_t put_chunk(Slab const& slab, ChunkPlan::Chunk const& chunk, ByteView stored);
  [[nodiscard]] std::vector<std::vector<StoredChunk>> const& chunks() const;  // per array, of this file
  // The value of an array that isn't a slab.
  void put_small(std::size_t array, std::byte const* values);
  // Enters the digests and closes. The head as it should be at the start of the file, sealed.
  [[nodiscard]] Bytes finish(std::vector<layout::Blocks> const& blocks, Digest root);

 private:
  struct Core;
  std::unique_ptr<Core> core_;
  std::vector<Slab> slabs_;
};

}  // namespace godwit
