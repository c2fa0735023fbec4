// In a simulation a broken invariant ends the simulated run instead of the process: the linker takes this panic()
// instead of base's, because this library stands before it.
#include "base/panic.hpp"

#include "sim/trace.hpp"

namespace godwit {

void panic(std::string_view what, std::source_location where) {
  std::string_view file = where.file_name();
  if (auto const at = file.rfind("runtime/"); at != file.npos) file.remove_prefix(at);
  sim::wrong("broken invariant: {} ({}:{})", what, file, where.line());
}

}  // namespace godwit
