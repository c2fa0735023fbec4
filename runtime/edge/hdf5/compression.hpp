// Compression of an array's data: chunks, each shuffled (the first bytes of all numbers, then the second ones, …) and deflated: what
// HDF5's own filters do and undo, so that any HDF5 tool reads them. Pure.
//
// A chunk is a whole number of rows, or a part of one: so its bytes lie one behind the other in the array. Where an
// extent isn't a multiple of the chunks', the last one is padded. One that deflating doesn't make smaller is kept as it is.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.hpp"

namespace godwit {

inline constexpr std::uint64_t chunk_bytes_max = 256 << 10;  // about; HDF5 keeps a MiB of chunks in memory unless told otherwise

class ChunkPlan {
 public:
  // Of an array that isn't empty.
  ChunkPlan(std::vector<std::uint64_t> shape, std::uint64_t width);

  struct Chunk {
    std::uint64_t first{0}, bytes{0};    // of the array, without padding
    std::vector<std::uint64_t> corner;   // its first element
  };
  [[nodiscard]] std::uint64_t count() const { return outer_ * per_row_; }
  [[nodiscard]] Chunk chunk(std::uint64_t index) const;
  [[nodiscard]] std::vector<std::uint64_t> const& extents() const { return extents_; }  // of each chunk
  [[nodiscard]] std::uint64_t chunk_bytes() const { return extents_[split_] * below_; }  // with padding
  // The most that HDF5 takes to remember where they are.
  [[nodiscard]] std::uint64_t index_bytes_max() const;

 private:
  std::vector<std::uint64_t> shape_, extents_;
  std::size_t split_ = 0;       // the dimension that is cut
  std::uint64_t below_;         // bytes of one element of it
  std::uint64_t outer_ = 1;     // combinations of the dimensions before it
  std::uint64_t per_row_ = 1;   // chunks to one of those
};

struct StoredChunk {         // as it lies in a file
  std::uint64_t first{0};    // byte of the array, or of the pages that a file holds of it
  std::uint64_t address{0};  // in the file
  std::uint64_t stored{0};   // bytes there; as many as `whole`: neither shuffled nor deflated
  std::uint64_t whole{0};    // bytes of it, with padding

  bool operator==(StoredChunk const&) const = default;
};

class Compressor {
 public:
  explicit Compressor(std::uint64_t width);
  ~Compressor();
  Compressor(Compressor const&) = delete;
  Compressor& operator=(Compressor const&) = delete;

  // What is to be stored of a chunk: good until the next call. As long as `whole` if it is kept as it is; then the next few are, too,
  // without trying.
  [[nodiscard]] ByteView compress(ByteView bytes, std::uint64_t whole);

 private:
  struct Deflate;

  std::uint64_t width_;
  std::unique_ptr<Deflate> deflate_;
  unsigned keep_ = 0;
  Bytes padded_, shuffled_, deflated_;
};

// False: that isn't a chunk of so many bytes.
[[nodiscard]] bool expand(ByteView stored, std::uint64_t width, std::span<std::byte> whole);

}  // namespace godwit
