// Does HDF5 work here? For `godwit doctor`: a file is written, closed, and read again, as checkpoints are.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace godwit {

[[nodiscard]] std::string hdf5_version();  // of the library, "1.10.8"
// `file` must not exist; it is left behind.
[[nodiscard]] Status try_hdf5(std::filesystem::path const& file);

}  // namespace godwit
