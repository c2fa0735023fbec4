#include "base/panic.hpp"

#include <cstdio>
#include <cstdlib>

namespace godwit {

void panic(std::string_view what, std::source_location where) {
  std::fprintf(stderr, "godwit: broken invariant: %.*s (%s:%u)\n", static_cast<int>(what.size()),
               what.data(), where.file_name(), static_cast<unsigned>(where.line()));
  std::abort();
}

}  // namespace godwit
