#include "edge/hdf5/h5/file.hpp"

#include "edge/hdf5/h5/error.hpp"
#include "edge/hdf5/h5/property.hpp"

namespace godwit::h5 {

Id create_file(std::string const& path, Id const& creation, Id const& access) {
  return {check(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), "creating " + path),
          &H5Fclose};
}

Id open_file(std::string const& path) {
  auto const access = file_access();
  return {check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), "opening " + path), &H5Fclose};
}

void close_file(Id file) {
  check(H5Fclose(file.release()), "closing the file");
}

Id create_group(Id const& where, std::string const& path) {
  auto const creation = group_creation();
  return {check(H5Gcreate2(where.get(), path.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                "creating group " + path),
          &H5Gclose};
}

Id open_group(Id const& where, std::string const& path) {
  return {check(H5Gopen2(where.get(), path.c_str(), H5P_DEFAULT), "opening group " + path), &H5Gclose};
}

bool has_link(Id const& where, std::string const& name) {
  return check(H5Lexists(where.get(), name.c_str(), H5P_DEFAULT), "looking for " + name) > 0;
}

void copy_object(Id const& from, std::string const& path, Id const& to, std::string const& name) {
  check(H5Ocopy(from.get(), path.c_str(), to.get(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT),
        "copying " + path);
}

}  // namespace godwit::h5
