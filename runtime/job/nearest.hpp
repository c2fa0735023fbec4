// The known name that a mistyped one was probably meant to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace godwit {

// The candidate with the least edit distance (insert, drop, replace, swap neighbours), the first of
// equals; empty if none is near enough to be worth suggesting.
[[nodiscard]] std::string nearest_name(std::string_view typed, std::vector<std::string> const& candidates);

}  // namespace godwit
