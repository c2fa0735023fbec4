// The mappings of a virtual dataset as they lie in an HDF5 file: HDF5 File Format Specification 3.0, "Virtual Dataset Layout", the
// block in the global heap, version 0, with selections of version 1.
//
// Why not by HDF5's calls alone: those take 2 µs for each stretch, to select it and to copy the list of them several times over,
// 20 to 80 ms for what is spelled here in one. So a dataset is created with one mapping, the stand-in, whose block is as long, and
// the true block is put in its place once the file is written. Files are the same, byte by byte.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "edge/hdf5/h5/boxes.hpp"

namespace godwit::h5 {

class MappingBlock {
 public:
  MappingBlock();

  // Ranges in ascending order, apart from each other; as many elements of the one as of the other. Extents fit 32 bits.
  void add(std::string const& file, std::string const& path, std::vector<std::uint64_t> const& source_shape,
           std::vector<Range> const& in_source, std::vector<std::uint64_t> const& shape, std::vector<Range> const& ranges);
  void add_all(std::string const& file, std::string const& path);  // the whole of both
  [[nodiscard]] Bytes take();

 private:
  void text(std::string const& text);
  void selection(std::vector<std::uint64_t> const& shape, std::vector<Range> const& ranges);

  Bytes bytes_;
  std::uint64_t mappings_{0};
};

// The block of a dataset that is mapped as a whole to "x" of a file with a name so long that the block has this size, which is that
// of some mappings. Those of different numbers differ.
struct StandIn {
  std::string file;
  Bytes block;
};
inline constexpr char const* stand_in_path = "x";
[[nodiscard]] StandIn stand_in_of(std::size_t block_bytes, std::size_t number);

// Where these bytes are, and nowhere else; npos: nowhere, or more than once.
inline constexpr auto npos = static_cast<std::size_t>(-1);
[[nodiscard]] std::size_t only_place_of(ByteView bytes, ByteView in);

// Bob Jenkins' lookup3 of 2006, which HDF5 sums with.
[[nodiscard]] std::uint32_t lookup3(ByteView bytes);

}  // namespace godwit::h5
