// What each target of this folder has: libFuzzer's entry, and what it may rely on.
//
// A target feeds one input to one parser, as somebody hostile or broken might hand it over, and checks what holds for any input: no
// crash, no sanitizer's complaint, and what was taken can be written down and read again as the same. It must be a function
// of its input alone, and cheap. Files that it needs lie in a directory of its process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "base/panic.hpp"
#include "fuzz/limits.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace godwit::fuzz {

[[nodiscard]] inline ByteView bytes_of(std::uint8_t const* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}
[[nodiscard]] inline std::string_view text_of(std::uint8_t const* data, std::size_t size) {
  return {reinterpret_cast<char const*>(data), size};
}

// A finding, if it doesn't hold.
inline void require(bool holds, std::string_view what) { invariant(holds, what); }

// Below $TMPDIR; removed when the process ends by itself.
[[nodiscard]] std::filesystem::path const& scratch();
// Makes or replaces a file.
void put_file(std::filesystem::path const& path, ByteView bytes);

}  // namespace godwit::fuzz
