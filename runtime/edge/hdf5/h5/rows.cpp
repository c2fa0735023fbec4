#include "edge/hdf5/h5/rows.hpp"

#include <cstring>

#include "edge/hdf5/h5/error.hpp"
#include "edge/hdf5/h5/type.hpp"

namespace godwit::h5 {
namespace {

Id type_of_column(PlainKind kind) {
  return kind.form == FieldForm::text ? varying_text_type() : type_of(kind.scalar);
}
std::size_t width_of(PlainKind kind) {
  return kind.form == FieldForm::text ? sizeof(char const*) : width_bytes(kind.scalar);
}

}  // namespace

Rows::Rows(std::vector<PlainKind> columns) : columns_(std::move(columns)) {
  for (auto const& column : columns_) row_bytes_ += width_of(column);
  if (columns_.size() == 1) {
    type_ = type_of_column(columns_.front());
    return;
  }
  type_ = {check(H5Tcreate(H5T_COMPOUND, row_bytes_), "making a datatype of pairs"), &H5Tclose};
  auto const key = type_of_column(columns_[0]);
  auto const value = type_of_column(columns_[1]);
  check(H5Tinsert(type_.get(), "key", 0, key.get()), "naming a key");
  check(H5Tinsert(type_.get(), "value", width_of(columns_[0]), value.get()), "naming a value");
}

void Rows::add(PlainView const& value) {
  auto const& column = columns_[column_];
  column_ = (column_ + 1) % columns_.size();
  auto const at = bytes_.size();
  bytes_.resize(at + width_of(column));
  if (column.form == FieldForm::text) {
    char const* const first = texts_.emplace_back(to_text(value.bytes)).c_str();
    std::memcpy(bytes_.data() + at, &first, sizeof first);
  } else {
    std::memcpy(bytes_.data() + at, value.bytes.data(), value.bytes.size());
  }
}

}  // namespace godwit::h5
