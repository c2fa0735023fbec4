// A line as a shell splits it into words: at blanks, with '…', "…" and \ to keep them; no expansions. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace godwit::cli {

[[nodiscard]] Result<std::vector<std::string>> split_words(std::string_view line);

}  // namespace godwit::cli
