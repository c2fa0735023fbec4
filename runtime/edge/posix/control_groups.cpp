#include "edge/posix/control_groups.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>

namespace godwit {
namespace {

namespace fs = std::filesystem;

template <class Number>
void lower(std::optional<Number>& least, std::optional<Number> limit) {
  if (limit) least = std::min(least.value_or(*limit), *limit);
}

template <class Number>
std::optional<Number> number_in(fs::path const& file) {
  std::ifstream in(file);
  Number number{};
  return in >> number ? std::optional(number) : std::nullopt;  // "max" is no number
}

std::optional<std::int64_t> millicores_of(std::optional<std::int64_t> quota_us, std::optional<std::int64_t> period_us) {
  if (!quota_us || !period_us || *quota_us <= 0 || *period_us <= 0) return std::nullopt;  // -1: no quota
  return *quota_us * 1000 / *period_us;
}

std::optional<std::int64_t> quota_in(fs::path const& file) {  // "200000 100000" or "max 100000"
  std::ifstream in(file);
  std::int64_t quota_us = 0, period_us = 0;
  return in >> quota_us >> period_us ? millicores_of(quota_us, period_us) : std::nullopt;
}

// What the files of a group are called.
struct Names {
  char const* limit;
  char const* usage;
  char const* droppable;  // in memory.stat: pages of files that nobody has used for a while
};
constexpr Names version_1{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"};
constexpr Names version_2{"memory.max", "memory.current", "inactive_file"};

std::uint64_t droppable_in(fs::path const& group, char const* name) {
  std::ifstream in(group / "memory.stat");
  std::string word;
  for (std::uint64_t bytes = 0; in >> word >> bytes;) {
    if (word == name) return bytes;
  }
  return 0;
}

void lower_memory(ControlGroupLimits& least, fs::path const& group, Names const& names) {
  auto const limit = number_in<std::uint64_t>(group / names.limit);
  auto const usage = number_in<std::uint64_t>(group / names.usage);
  lower(least.memory_bytes, limit);
  if (!limit || !usage) return;
  auto const kept = *usage - std::min(*usage, droppable_in(group, names.droppable));
  lower(least.memory_left_bytes, std::optional(*limit - std::min(*limit, kept)));
}

// Of that group and of each above it: all of them hold. A container may see less of the path than is written.
template <class Look>
void each_above(fs::path group, Look look) {
  for (group = group.relative_path();; group = group.parent_path()) {
    look(group);
    if (group.empty()) return;
  }
}

bool names(std::string const& controllers, std::string_view one) {
  return ("," + controllers + ",").find("," + std::string(one) + ",") != std::string::npos;
}

}  // namespace

ControlGroupLimits control_group_limits(std::string const& cgroups, fs::path const& mount) {
  ControlGroupLimits least;
  std::istringstream lines(cgroups);
  for (std::string line; std::getline(lines, line);) {  // "4:memory:/job" or, of version 2, "0::/job"
    auto const first = line.find(':');
    auto const second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    auto const controllers = line.substr(first + 1, second - first - 1);
    each_above(line.substr(second + 1), [&](fs::path const& group) {
      if (controllers.empty()) {
        lower_memory(least, mount / group, version_2);
        lower(least.millicores, quota_in(mount / group / "cpu.max"));
      }
      if (names(controllers, "memory")) lower_memory(least, mount / "memory" / group, version_1);
      if (names(controllers, "cpu")) {
        auto const at = mount / "cpu" / group;
        lower(least.millicores, millicores_of(number_in<std::int64_t>(at / "cpu.cfs_quota_us"),
                                              number_in<std::int64_t>(at / "cpu.cfs_period_us")));
      }
    });
  }
  return least;
}

}  // namespace godwit
