// An array whose elements lie in several files, as HDF5 shows it: one virtual dataset. Throws h5::Error.
//
// Each of its mappings has a bounded number of stretches of one file, for HDF5 1.10 takes the square of a selection's
// blocks to read it; and each names the dataset in which the elements really lie, for a virtual dataset over
// virtual datasets is opened once for every mapping, at each level. What no mapping covers, or whose file is
// missing, reads as NaN, or as the least value of its type, or the greatest one where that is zero.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "edge/hdf5/h5/id.hpp"
#include "edge/hdf5/h5/type.hpp"
#include "edge/hdf5/places.hpp"

namespace godwit {

// Where the elements of a Place's file are, from its `offset` 0 on.
struct SourceDataset {
  std::string file;  // relative to the file that holds the virtual dataset; ".": that one
  std::string path;
  std::vector<std::uint64_t> shape;
};

// Once its file is closed, its mappings are to be entered in what HDF5 has written: h5/mapping_block.hpp says why.
struct LateMappings {
  Bytes stand_in, block;  // empty: they are there
  void enter(std::span<std::byte> file) const;
};

enum class Spelling : std::uint8_t { quick, hdf5 };  // hdf5: by its own calls alone; the file is the same

// `number`: of no other virtual array of the file.
[[nodiscard]] LateMappings create_virtual_array(h5::Id const& group, std::string const& name, std::size_t number,
                                                ArrayPlace const& array, h5::Order order, Places const& places,
                                                std::vector<SourceDataset> const& sources, Spelling spelling = Spelling::quick);

}  // namespace godwit
