// Figures for people: sizes and durations as messages to users spell them. Integers only.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"

namespace godwit {

[[nodiscard]] std::string spell_bytes(std::uint64_t bytes);  // "17 B", "12.4 MiB"
[[nodiscard]] std::string spell_count(std::uint64_t count);  // "61,440"
[[nodiscard]] std::string spell_duration(
    Duration duration);  // "412 µs", "3.1 ms", "41 ms", "1.2 s", "2 min 5 s"

}  // namespace godwit
