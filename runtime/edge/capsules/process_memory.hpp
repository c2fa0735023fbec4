// How much memory a process has of its own, or shares with its host: what it touched, in memory or swapped
// out.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace godwit {

[[nodiscard]] std::uint64_t memory_of(pid_t process);  // in bytes; 0: gone, or the kernel doesn't say

}  // namespace godwit
