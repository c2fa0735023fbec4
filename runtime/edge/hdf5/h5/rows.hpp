// Rows: plain values as HDF5 wants them in memory: a list of texts, or pairs with the members "key" and
// "value". Texts have varying length.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "edge/hdf5/h5/id.hpp"
#include "state/plain_values.hpp"

namespace godwit::h5 {

class Rows {
 public:
  explicit Rows(std::vector<PlainKind> columns);  // one or two
  void add(PlainView const& value);               // column by column, row by row

  [[nodiscard]] Id const& type() const { return type_; }
  [[nodiscard]] std::uint64_t count() const { return bytes_.size() / row_bytes_; }
  [[nodiscard]] Bytes const& bytes() const { return bytes_; }  // as long as this lives

 private:
  std::vector<PlainKind> columns_;
  std::size_t row_bytes_ = 0;
  std::size_t column_ = 0;
  Id type_;
  Bytes bytes_;
  std::deque<std::string> texts_;  // the rows point to them
};

}  // namespace godwit::h5
