// H5A: attributes: numbers, texts and lists of texts.
#pragma once

#include <string>
#include <vector>

#include "edge/hdf5/h5/id.hpp"
#include "godwit/scalar.hpp"

namespace godwit::h5 {

// Numbers. `put` makes the attribute, or overwrites it in place.
void put_raw(Id const& object, std::string const& name, Scalar scalar, void const* value);
void get_raw(Id const& object, std::string const& name, Scalar scalar, void* value);
[[nodiscard]] bool has_attribute(Id const& object, std::string const& name);

template <PlainNumber T>
void put(Id const& object, std::string const& name, T value) {
  put_raw(object, name, scalar_of<T>(), &value);
}
template <PlainNumber T>
[[nodiscard]] T get(Id const& object, std::string const& name) {
  T value{};
  get_raw(object, name, scalar_of<T>(), &value);
  return value;
}

// Texts: UTF-8 of any length; what follows a NUL is lost. They lie in HDF5's global heap, which has no
// checksums: a damaged one has made HDF5 1.10.8 loop for ever. So they are written for people and other
// tools, and there is no function here that reads them.
void put_text(Id const& object, std::string const& name, std::string const& text);
void put_texts(Id const& object, std::string const& name, std::vector<std::string> const& texts);

}  // namespace godwit::h5
