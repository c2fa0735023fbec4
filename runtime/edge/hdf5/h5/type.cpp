#include "edge/hdf5/h5/type.hpp"

#include <cstdint>

#include "edge/hdf5/h5/error.hpp"

namespace godwit::h5 {
namespace {

Id copy_of(hid_t type) {
  return {check(H5Tcopy(type), "copying a datatype"), &H5Tclose};
}

Id boolean_type() {
  Id type{check(H5Tenum_create(H5T_STD_I8LE), "making the boolean datatype"), &H5Tclose};
  std::int8_t value = 0;
  check(H5Tenum_insert(type.get(), "FALSE", &value), "naming FALSE");
  value = 1;
  check(H5Tenum_insert(type.get(), "TRUE", &value), "naming TRUE");
  return type;
}

Id utf8(std::size_t size) {
  auto type = copy_of(H5T_C_S1);
  check(H5Tset_size(type.get(), size), "sizing a text");
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "choosing UTF-8");
  return type;
}

}  // namespace

Id type_of(Scalar scalar, Order order) {
  bool const little = order == Order::little;
  switch (scalar) {
    case Scalar::boolean:
      return boolean_type();
    case Scalar::i8:
      return copy_of(H5T_STD_I8LE);
    case Scalar::u8:
      return copy_of(H5T_STD_U8LE);
    case Scalar::i16:
      return copy_of(little ? H5T_STD_I16LE : H5T_STD_I16BE);
    case Scalar::u16:
      return copy_of(little ? H5T_STD_U16LE : H5T_STD_U16BE);
    case Scalar::i32:
      return copy_of(little ? H5T_STD_I32LE : H5T_STD_I32BE);
    case Scalar::u32:
      return copy_of(little ? H5T_STD_U32LE : H5T_STD_U32BE);
    case Scalar::i64:
      return copy_of(little ? H5T_STD_I64LE : H5T_STD_I64BE);
    case Scalar::u64:
      return copy_of(little ? H5T_STD_U64LE : H5T_STD_U64BE);
    case Scalar::f32:
      return copy_of(little ? H5T_IEEE_F32LE : H5T_IEEE_F32BE);
    case Scalar::f64:
      return copy_of(little ? H5T_IEEE_F64LE : H5T_IEEE_F64BE);
  }
  throw Error("a kind of number that this godwit doesn't know");
}

Id text_type(std::size_t bytes) {
  auto type = utf8(bytes == 0 ? 1 : bytes);  // HDF5 has no empty texts
  check(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "choosing the padding");
  return type;
}

Id file_and_root_type(std::size_t name_bytes) {
  Id type{check(H5Tcreate(H5T_COMPOUND, name_bytes + 8), "making a datatype of rows"), &H5Tclose};
  auto const name = text_type(name_bytes);
  auto const root = type_of(Scalar::u64);
  check(H5Tinsert(type.get(), "file", 0, name.get()), "naming a file");
  check(H5Tinsert(type.get(), "root", name_bytes, root.get()), "naming a root");
  return type;
}

Id varying_text_type() {
  return utf8(H5T_VARIABLE);
}

}  // namespace godwit::h5
