#include "edge/hdf5/compression.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <new>

#include "base/panic.hpp"

namespace godwit {
namespace {

constexpr int level = 1;  // higher ones take several times as long, for a few per cent
constexpr unsigned kept_after_one = 7;

template <std::size_t width>
void shuffle_as(std::byte const* from, std::size_t count, std::byte* to) {
  for (std::size_t byte = 0; byte < width; ++byte) {
    for (std::size_t i = 0; i < count; ++i) to[byte * count + i] = from[i * width + byte];
  }
}
template <std::size_t width>
void unshuffle_as(std::byte const* from, std::size_t count, std::byte* to) {
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t byte = 0; byte < width; ++byte) to[i * width + byte] = from[byte * count + i];
  }
}

void shuffle(ByteView from, std::uint64_t width, std::span<std::byte> to) {
  auto const count = from.size() / width;
  switch (width) {
    case 2: return shuffle_as<2>(from.data(), count, to.data());
    case 4: return shuffle_as<4>(from.data(), count, to.data());
    case 8: return shuffle_as<8>(from.data(), count, to.data());
    default: std::ranges::copy(from, to.begin());
  }
}
void unshuffle(ByteView from, std::uint64_t width, std::span<std::byte> to) {
  auto const count = from.size() / width;
  switch (width) {
    case 2: return unshuffle_as<2>(from.data(), count, to.data());
    case 4: return unshuffle_as<4>(from.data(), count, to.data());
    case 8: return unshuffle_as<8>(from.data(), count, to.data());
    default: std::ranges::copy(from, to.begin());
  }
}

struct Free {
  void operator()(libdeflate_decompressor* one) const { libdeflate_free_decompressor(one); }
};

}  // namespace

ChunkPlan::ChunkPlan(std::vector<std::uint64_t> shape, std::uint64_t width)
    : shape_(std::move(shape)), extents_(shape_), below_(width) {
  invariant(!shape_.empty(), "a scalar in chunks");
  for (std::size_t d = 1; d < shape_.size(); ++d) below_ *= shape_[d];
  while (split_ + 1 < shape_.size() && below_ > chunk_bytes_max) {
    outer_ *= shape_[split_];
    extents_[split_++] = 1;
    below_ /= shape_[split_];
  }
  auto const extent = shape_[split_];
  auto const most = std::max<std::uint64_t>(1, chunk_bytes_max / below_);
  auto const pieces = (extent + most - 1) / most;
  extents_[split_] = (extent + pieces - 1) / pieces;  // alike, so that little is padded
  per_row_ = (extent + extents_[split_] - 1) / extents_[split_];
}

ChunkPlan::Chunk ChunkPlan::chunk(std::uint64_t index) const {
  Chunk chunk;
  auto outer = index / per_row_;
  auto const at = index % per_row_ * extents_[split_];
  chunk.first = (outer * shape_[split_] + at) * below_;
  chunk.bytes = std::min(extents_[split_], shape_[split_] - at) * below_;
  chunk.corner.resize(shape_.size());
  chunk.corner[split_] = at;
  for (auto d = split_; d-- > 0; outer /= shape_[d]) chunk.corner[d] = outer % shape_[d];
  return chunk;
}

// A B-tree of HDF5 1.8 with up to 64 chunks to a node, at least half full; what newer versions make is smaller.
std::uint64_t ChunkPlan::index_bytes_max() const {
  constexpr std::uint64_t children = 64, head = 24;
  auto const key = 8 + 8 * (shape_.size() + 1);
  auto const node = head + (children + 1) * key + children * 8;
  auto const leaves = count() <= children ? 1 : 2 * count() / children + 1;
  return (leaves == 1 ? 1 : leaves + leaves / 16 + 3) * node;
}

struct Compressor::Deflate {
  Deflate() : compressor(libdeflate_alloc_compressor(level)) { invariant(compressor != nullptr, "no memory to compress with"); }
  ~Deflate() { libdeflate_free_compressor(compressor); }
  Deflate(Deflate const&) = delete;
  Deflate& operator=(Deflate const&) = delete;
  libdeflate_compressor* compressor;
};

Compressor::Compressor(std::uint64_t width) : width_(width), deflate_(std::make_unique<Deflate>()) {}
Compressor::~Compressor() = default;

ByteView Compressor::compress(ByteView bytes, std::uint64_t whole) {
  if (bytes.size() < whole) {
    padded_.assign(whole, std::byte{0});
    std::ranges::copy(bytes, padded_.begin());
    bytes = padded_;
  }
  if (keep_ > 0) {
    --keep_;
    return bytes;
  }
  shuffled_.resize(whole);
  shuffle(bytes, width_, shuffled_);
  deflated_.resize(whole);
  // As large as the chunk itself is no gain: then it doesn't fit.
  auto const length = libdeflate_zlib_compress(deflate_->compressor, shuffled_.data(), whole, deflated_.data(), whole - 1);
  if (length > 0) return ByteView(deflated_).first(length);
  keep_ = kept_after_one;
  return bytes;
}

bool expand(ByteView stored, std::uint64_t width, std::span<std::byte> whole) {
  if (stored.size() > whole.size()) return false;
  if (stored.size() == whole.size()) {
    std::ranges::copy(stored, whole.begin());
    return true;
  }
  std::unique_ptr<libdeflate_decompressor, Free> const inflate(libdeflate_alloc_decompressor());
  if (!inflate) throw std::bad_alloc();
  Bytes shuffled(whole.size());
  auto const done = libdeflate_zlib_decompress(inflate.get(), stored.data(), stored.size(), shuffled.data(), shuffled.size(), nullptr);
  if (done != LIBDEFLATE_SUCCESS) return false;
  unshuffle(shuffled, width, whole);
  return true;
}

}  // namespace godwit
