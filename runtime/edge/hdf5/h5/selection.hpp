// H5S: selections of an array's elements by ranges in row-major order.
#pragma once

#include "edge/hdf5/h5/boxes.hpp"
#include "edge/hdf5/h5/id.hpp"

namespace godwit::h5 {

// Ascending ranges, apart from each other, none empty. Costs the square of their number: some dozens at a
// time.
[[nodiscard]] Id select_ranges(std::vector<std::uint64_t> const& shape, std::vector<Range> const& ranges);

}  // namespace godwit::h5
