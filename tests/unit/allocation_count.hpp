// How much a test program has allocated: linking allocation_count.cpp replaces operator new.
#pragma once

#include <cstddef>

namespace godwit {

[[nodiscard]] std::size_t allocated_bytes();  // by operator new in this program, ever
[[nodiscard]] std::size_t live_bytes();       // of these, not yet given back

}  // namespace godwit
