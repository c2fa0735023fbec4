// A whole text file, read plain or decompressed if it is a .gz: whatever its name says.
#pragma once

#include <string>

#include "base/result.hpp"

namespace godwit::cli {

[[nodiscard]] Result<std::string> read_text_file(std::string const& path);

}  // namespace godwit::cli
