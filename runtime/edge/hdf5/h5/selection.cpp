#include "edge/hdf5/h5/selection.hpp"

#include "edge/hdf5/h5/error.hpp"
#include "edge/hdf5/h5/space.hpp"

namespace godwit::h5 {

Id select_ranges(std::vector<std::uint64_t> const& shape, std::vector<Range> const& ranges) {
  auto space = space_of(shape);
  std::vector<hsize_t> const ones(shape.size(), 1);
  bool any = false;
  Boxes boxes(shape, [&](std::vector<std::uint64_t> const& start, std::vector<std::uint64_t> const& count) {
    std::vector<hsize_t> const from(start.begin(), start.end());
    std::vector<hsize_t> const extent(count.begin(), count.end());
    check(H5Sselect_hyperslab(space.get(), any ? H5S_SELECT_OR : H5S_SELECT_SET, from.data(), nullptr, ones.data(), extent.data()),
          "selecting a range");
    any = true;
  });
  for (auto const& range : ranges) boxes.add(range);
  return space;
}

}  // namespace godwit::h5
