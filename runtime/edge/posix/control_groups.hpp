// What the control groups that a process is in (version 1 or 2) leave of a machine: the least of each limit. Of a batch
// system's or a container's making.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace godwit {

struct ControlGroupLimits {  // none: unlimited, or nobody says
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint64_t> memory_left_bytes;  // of it, with pages of files that nobody has used for a while
  std::optional<std::int64_t> millicores;  // by quota; which processors, their affinity says
};

// `cgroups`: as in /proc/self/cgroup; `mount`: usually /sys/fs/cgroup.
[[nodiscard]] ControlGroupLimits control_group_limits(std::string const& cgroups, std::filesystem::path const& mount);

}  // namespace godwit
