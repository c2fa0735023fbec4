#include "edge/posix/memory_limit.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace godwit {
namespace {

namespace fs = std::filesystem;

// Of that group and of each above it: all of them hold. A container may see less of the path than is written.
std::optional<std::uint64_t> least_limit(fs::path const& mount, fs::path group, char const* file) {
  std::optional<std::uint64_t> least;
  for (group = group.relative_path();; group = group.parent_path()) {
    std::ifstream in(mount / group / file);
    if (std::uint64_t bytes = 0; in >> bytes)
      least = std::min(least.value_or(bytes), bytes);  // "max" is no number
    if (group.empty()) return least;
  }
}

}  // namespace

std::optional<std::uint64_t> memory_limit(std::string const& cgroups, fs::path const& mount) {
  std::optional<std::uint64_t> least;
  std::istringstream lines(cgroups);
  for (std::string line; std::getline(lines, line);) {  // "4:memory:/job" or, of version 2, "0::/job"
    auto const first = line.find(':');
    auto const second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    auto const controllers = line.substr(first + 1, second - first - 1);
    auto const group = line.substr(second + 1);
    std::optional<std::uint64_t> limit;
    if (controllers.empty()) limit = least_limit(mount, group, "memory.max");
    if (("," + controllers + ",").find(",memory,") != std::string::npos)
      limit = least_limit(mount / "memory", group, "memory.limit_in_bytes");
    if (limit) least = std::min(least.value_or(*limit), *limit);
  }
  return least;
}

}  // namespace godwit
