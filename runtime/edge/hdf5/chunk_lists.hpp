// ChunkLists: /integrity/chunks of a file that is being made: where the chunks of each array in a slab lie, of this file and of
// those that it needs. Inside of the skeleton; throws h5::Error.
#pragma once

#include <cstdint>
#include <vector>

#include "edge/hdf5/chain.hpp"
#include "edge/hdf5/compression.hpp"
#include "edge/hdf5/h5/id.hpp"

namespace godwit {

class ChunkLists {
 public:
  // Both must live as long; null: a file that needs no others.
  ChunkLists(Manifest const& manifest, Increment const* increment)
      : manifest_(manifest), increment_(increment), own_(manifest.arrays.size()) {}

  // Makes room for the lists; `own`: how many chunks of each array this file will have.
  void create(h5::Id const& integrity, std::vector<std::uint64_t> const& own);
  void add(std::size_t array, StoredChunk const& chunk) { own_[array].push_back(chunk); }
  void write();  // once all are known; nothing is open afterwards

  [[nodiscard]] std::vector<std::vector<StoredChunk>> const& own() const { return own_; }  // per array

 private:
  [[nodiscard]] std::vector<std::uint64_t> of_others(std::size_t array) const;  // as rows

  Manifest const& manifest_;
  Increment const* increment_;
  std::vector<std::vector<StoredChunk>> own_;
  std::vector<h5::Id> lists_;
};

}  // namespace godwit
