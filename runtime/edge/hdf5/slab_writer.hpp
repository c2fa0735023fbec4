// SlabWriter: an array's own data on their way into a draft, piece by piece from their beginning: as they are, or in
// chunks of which the skeleton is told. One thread; throws h5::Error.
#pragma once

#include <optional>

#include "edge/hdf5/compression.hpp"
#include "edge/hdf5/draft.hpp"
#include "edge/hdf5/skeleton.hpp"

namespace godwit {

class SlabWriter {
 public:
  // All must live as long.
  SlabWriter(Draft& draft, Skeleton& skeleton, Slab const& slab);
  [[nodiscard]] Status add(ByteView bytes);

 private:
  [[nodiscard]] Status add_in_chunks(ByteView bytes);
  [[nodiscard]] Status put(ChunkPlan::Chunk const& chunk, ByteView bytes);

  Draft& draft_;
  Skeleton& skeleton_;
  Slab const& slab_;
  std::uint64_t written_ = 0;  // as they are
  std::optional<Compressor> compressor_;
  std::uint64_t next_ = 0;  // chunk
  Bytes pending_;           // of it
};

}  // namespace godwit
