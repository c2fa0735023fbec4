// The end of a message about an unknown word: what was probably meant, or all that is known. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace godwit {

// "; did you mean 'type'?" or, if nothing is near, "; known: args, name, type".
[[nodiscard]] std::string suggestion(std::string_view word, std::vector<std::string> const& known);

}  // namespace godwit
