// Bytes: an owned run of bytes; ByteView: a borrowed one.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace godwit {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<std::byte const>;

inline Bytes to_bytes(std::string_view text) {
  auto const* first = reinterpret_cast<std::byte const*>(text.data());
  return {first, first + text.size()};
}
inline std::string to_text(ByteView bytes) {
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}
inline ByteView view_of(std::string_view text) {
  return {reinterpret_cast<std::byte const*>(text.data()), text.size()};
}

}  // namespace godwit
