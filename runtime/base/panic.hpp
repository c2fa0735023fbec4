// Broken invariants abort with a message, in release builds too: a runtime that goes on after one
// would endanger other people's jobs.
#pragma once

#include <source_location>
#include <string_view>

namespace godwit {

[[noreturn]] void panic(std::string_view what,
                        std::source_location where = std::source_location::current());

inline void invariant(bool holds, std::string_view what,
                      std::source_location where = std::source_location::current()) {
  if (!holds) [[unlikely]] {
    panic(what, where);
  }
}

}  // namespace godwit
