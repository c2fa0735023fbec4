// Ranges of an array's elements, in row-major order, as boxes: what HDF5 selects by.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace godwit::h5 {

using Range = std::pair<std::uint64_t, std::uint64_t>;  // [first, end) of elements

// A range is at most two boxes for each dimension but the last, and one for that. `each` is told where one starts, and how many
// elements it has in each dimension.
template <class Each>
class Boxes {
 public:
  Boxes(std::vector<std::uint64_t> const& shape, Each each)
      : shape_(shape), rows_(shape.size(), 1), start_(shape.size(), 0), count_(shape.size(), 1), each_(std::move(each)) {
    for (auto d = shape.size() - 1; d > 0; --d) rows_[d - 1] = rows_[d] * shape[d];
  }

  void add(Range range) { add(0, range.first, range.second); }

 private:
  // [first, end) of what lies below one element of the dimensions before `dimension`.
  void add(std::size_t dimension, std::uint64_t first, std::uint64_t end) {
    if (first == end) return;
    if (dimension + 1 == shape_.size()) return tell(dimension, first, end);
    auto const row = rows_[dimension];
    auto from = first / row;
    auto const to = end / row;
    if (from == to) return within(dimension, from, first % row, end % row);
    if (first % row != 0) within(dimension, from++, first % row, row);
    if (from < to) tell(dimension, from, to);
    within(dimension, to, 0, end % row);
  }
  void within(std::size_t dimension, std::uint64_t at, std::uint64_t first, std::uint64_t end) {
    start_[dimension] = at;
    count_[dimension] = 1;
    add(dimension + 1, first, end);
  }
  void tell(std::size_t dimension, std::uint64_t first, std::uint64_t end) {
    start_[dimension] = first;
    count_[dimension] = end - first;
    for (auto d = dimension + 1; d < shape_.size(); ++d) {
      start_[d] = 0;
      count_[d] = shape_[d];
    }
    each_(start_, count_);
  }

  std::vector<std::uint64_t> const& shape_;
  std::vector<std::uint64_t> rows_;  // elements below one of each dimension
  std::vector<std::uint64_t> start_, count_;
  Each each_;
};

}  // namespace godwit::h5
