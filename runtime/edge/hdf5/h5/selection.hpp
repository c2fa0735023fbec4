// H5S: selections of an array's elements by ranges in row-major order.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "edge/hdf5/h5/id.hpp"

namespace godwit::h5 {

using Range = std::pair<std::uint64_t, std::uint64_t>;  // [first, end) of elements

// Ascending ranges, apart from each other, none empty. Costs the square of their number: some dozens at a
// time.
[[nodiscard]] Id select_ranges(std::vector<std::uint64_t> const& shape, std::vector<Range> const& ranges);

}  // namespace godwit::h5
