// What the words of a workload are made of.
#pragma once

#include <algorithm>
#include <string_view>

namespace godwit {

[[nodiscard]] constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
[[nodiscard]] constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A job's or an axis's name: letters, digits, '_', '.' and '-'; a letter or '_' first.
[[nodiscard]] constexpr bool is_name(std::string_view word) {
  auto const allowed = [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '-'; };
  return !word.empty() && (is_letter(word[0]) || word[0] == '_') &&
         std::all_of(word.begin(), word.end(), allowed);
}

}  // namespace godwit
