#include "edge/hdf5/h5/selection.hpp"

#include "edge/hdf5/h5/error.hpp"
#include "edge/hdf5/h5/space.hpp"

namespace godwit::h5 {
namespace {

// A range is at most two boxes for each dimension but the last, and one for that.
class Boxes {
 public:
  Boxes(std::vector<std::uint64_t> const& shape, Id& space)
      : shape_(shape), space_(space), start_(shape.size(), 0), count_(shape.size(), 1) {}

  void add(Range range) { add(0, range.first, range.second); }

 private:
  // [first, end) of what lies below one element of the dimensions before `dimension`.
  void add(std::size_t dimension, std::uint64_t first, std::uint64_t end) {
    if (first == end) return;
    if (dimension + 1 == shape_.size()) return select(dimension, first, end);
    std::uint64_t row = 1;
    for (auto d = dimension + 1; d < shape_.size(); ++d) row *= shape_[d];
    auto from = first / row;
    auto const to = end / row;
    if (from == to) return within(dimension, from, first % row, end % row);
    if (first % row != 0) within(dimension, from++, first % row, row);
    if (from < to) select(dimension, from, to);
    within(dimension, to, 0, end % row);
  }
  void within(std::size_t dimension, std::uint64_t at, std::uint64_t first, std::uint64_t end) {
    start_[dimension] = at;
    count_[dimension] = 1;
    add(dimension + 1, first, end);
  }
  void select(std::size_t dimension, std::uint64_t first, std::uint64_t end) {
    start_[dimension] = first;
    count_[dimension] = end - first;
    for (auto d = dimension + 1; d < shape_.size(); ++d) {
      start_[d] = 0;
      count_[d] = shape_[d];
    }
    std::vector<hsize_t> const ones(shape_.size(), 1);
    check(H5Sselect_hyperslab(space_.get(), any_ ? H5S_SELECT_OR : H5S_SELECT_SET, start_.data(), nullptr,
                              ones.data(), count_.data()),
          "selecting a range");
    any_ = true;
  }

  std::vector<std::uint64_t> const& shape_;
  Id& space_;
  std::vector<hsize_t> start_, count_;
  bool any_ = false;
};

}  // namespace

Id select_ranges(std::vector<std::uint64_t> const& shape, std::vector<Range> const& ranges) {
  auto space = space_of(shape);
  Boxes boxes(shape, space);
  for (auto const& range : ranges) boxes.add(range);
  return space;
}

}  // namespace godwit::h5
