// The least memory limit of the control groups that a process is in (version 1 or 2): what a batch system or
// a container leaves of the node's memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace godwit {

// `cgroups`: as in /proc/self/cgroup; `mount`: usually /sys/fs/cgroup. None: unlimited, or nobody says.
[[nodiscard]] std::optional<std::uint64_t> memory_limit(std::string const& cgroups,
                                                        std::filesystem::path const& mount);

}  // namespace godwit
