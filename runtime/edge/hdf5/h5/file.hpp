// H5F: files, and H5G: groups.
#pragma once

#include <string>

#include "edge/hdf5/h5/id.hpp"

namespace godwit::h5 {

[[nodiscard]] Id create_file(std::string const& path, Id const& creation, Id const& access);
[[nodiscard]] Id open_file(std::string const& path);  // read-only, locks off
// Writes everything out and closes; unlike the destructor it tells of failure.
void close_file(Id file);

[[nodiscard]] Id create_group(Id const& where, std::string const& path);
[[nodiscard]] Id open_group(Id const& where, std::string const& path);
[[nodiscard]] bool has_link(Id const& where, std::string const& name);

// Copies one object with all it holds into another file.
void copy_object(Id const& from, std::string const& path, Id const& to, std::string const& name);

}  // namespace godwit::h5
