// H5S: dataspaces.
#pragma once

#include <cstdint>
#include <vector>

#include "edge/hdf5/h5/id.hpp"

namespace godwit::h5 {

[[nodiscard]] Id scalar_space();
[[nodiscard]] Id null_space();  // no elements, no shape
[[nodiscard]] Id space_of(std::vector<std::uint64_t> const& shape);
// How many elements a space in a file has, by its extents: HDF5 multiplies them without looking for overflow.
[[nodiscard]] std::uint64_t elements_of(Id const& space);
// The first element of a space whose extents are all ≥ 1.
[[nodiscard]] Id first_element_of(std::vector<std::uint64_t> const& shape);

}  // namespace godwit::h5
