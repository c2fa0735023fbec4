#include "edge/hdf5/h5/attribute.hpp"

#include "edge/hdf5/h5/error.hpp"
#include "edge/hdf5/h5/space.hpp"
#include "edge/hdf5/h5/type.hpp"

namespace godwit::h5 {
namespace {

Id open(Id const& object, std::string const& name) {
  return {check(H5Aopen(object.get(), name.c_str(), H5P_DEFAULT), "opening attribute " + name), &H5Aclose};
}

Id create(Id const& object, std::string const& name, Id const& type, Id const& space) {
  return {check(H5Acreate2(object.get(), name.c_str(), type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT),
                "creating attribute " + name),
          &H5Aclose};
}

}  // namespace

bool has_attribute(Id const& object, std::string const& name) {
  return check(H5Aexists(object.get(), name.c_str()), "looking for attribute " + name) > 0;
}

void put_raw(Id const& object, std::string const& name, Scalar scalar, void const* value) {
  auto const type = type_of(scalar);
  auto const attribute =
      has_attribute(object, name) ? open(object, name) : create(object, name, type, scalar_space());
  check(H5Awrite(attribute.get(), type.get(), value), "writing attribute " + name);
}

void get_raw(Id const& object, std::string const& name, Scalar scalar, void* value) {
  auto const attribute = open(object, name);
  Id const space{check(H5Aget_space(attribute.get()), "reading the shape of " + name), &H5Sclose};
  if (elements_of(space) != 1) throw Error("attribute " + name + " isn't one number");
  auto const type = type_of(scalar);
  check(H5Aread(attribute.get(), type.get(), value), "reading attribute " + name);
}

void put_text(Id const& object, std::string const& name, std::string const& text) {
  auto const type = varying_text_type();
  auto const attribute = create(object, name, type, scalar_space());
  auto const* first = text.c_str();
  check(H5Awrite(attribute.get(), type.get(), &first), "writing attribute " + name);
}

void put_texts(Id const& object, std::string const& name, std::vector<std::string> const& texts) {
  auto const type = varying_text_type();
  auto const attribute = create(object, name, type, space_of({texts.size()}));
  if (texts.empty()) return;
  std::vector<char const*> firsts;
  for (auto const& text : texts) firsts.push_back(text.c_str());
  check(H5Awrite(attribute.get(), type.get(), firsts.data()), "writing attribute " + name);
}

}  // namespace godwit::h5
