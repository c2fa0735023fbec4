// An array whose elements lie in several files, as HDF5 shows it: one virtual dataset. Throws h5::Error.
//
// Each of its mappings has a bounded number of stretches of one file, for HDF5 1.10 takes the square of a selection's
// blocks to read it; and each names the dataset in which the elements really lie, for a virtual dataset over
// virtual datasets is opened once for every mapping, at each level. What no mapping covers, or whose file is
// missing, reads as NaN, or as the least value of its type, or the greatest one where that is zero.
#pragma once

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

[[nodiscard]] h5::Id create_virtual_array(h5::Id const& group, std::string const& name,
                                          ArrayPlace const& array, h5::Order order, Places const& places,
                                          std::vector<SourceDataset> const& sources);

}  // namespace godwit
