#include "edge/hdf5/h5/space.hpp"

#include "edge/hdf5/h5/error.hpp"

namespace godwit::h5 {

Id scalar_space() {
  return {check(H5Screate(H5S_SCALAR), "making a scalar dataspace"), &H5Sclose};
}

Id null_space() {
  return {check(H5Screate(H5S_NULL), "making an empty dataspace"), &H5Sclose};
}

Id space_of(std::vector<std::uint64_t> const& shape) {
  if (shape.empty()) return scalar_space();
  std::vector<hsize_t> const extents(shape.begin(), shape.end());
  return {check(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr),
                "making a dataspace"),
          &H5Sclose};
}

std::uint64_t elements_of(Id const& space) {
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) return 0;
  auto const rank = check(H5Sget_simple_extent_ndims(space.get()), "reading a shape");
  std::vector<hsize_t> extents(static_cast<std::size_t>(rank));
  check(H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr), "reading a shape");
  std::uint64_t elements = 1;
  bool overflow = false;
  for (auto const extent : extents) overflow |= __builtin_mul_overflow(elements, extent, &elements);
  if (overflow) throw Error("a shape of more elements than there can be");
  return elements;
}

Id first_element_of(std::vector<std::uint64_t> const& shape) {
  auto space = space_of(shape);
  if (!shape.empty()) {
    std::vector<hsize_t> const start(shape.size(), 0);
    std::vector<hsize_t> const count(shape.size(), 1);
    check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr),
          "selecting an element");
  }
  return space;
}

}  // namespace godwit::h5
