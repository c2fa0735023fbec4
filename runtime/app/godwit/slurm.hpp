// The Slurm allocation that this process runs in, as its environment tells: which nodes, how many hosts on
// each, and how many cores each host has. Pure but for `of_this_process`.
//
// Tasks are hosts: --nodes=3 --ntasks-per-node=1 --cpus-per-task=16 makes three hosts of 16 cores. Without a
// word about tasks there is one host a node, with all of its cores.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace godwit::cli {

struct SlurmNode {
  std::string name;
  std::int32_t hosts{1};
  std::int32_t cores{0};  // of the node, as far as they were given to us
};

struct SlurmAllocation {
  std::string job;
  std::vector<SlurmNode> nodes;
  std::int32_t cores_per_task{0};  // 0: not asked for

  [[nodiscard]] std::int32_t hosts() const;
  // Jobs of one core that each host can take: the same for all, as the host with the fewest cores has it.
  [[nodiscard]] std::int32_t slots() const;
  // That many hosts (at least one), as evenly as can be; on the first nodes if there are fewer hosts than nodes.
  [[nodiscard]] SlurmAllocation with_hosts(std::int32_t count) const;
  // The node of each rank: rank 0 on the first one, beside its hosts.
  [[nodiscard]] std::vector<std::string> places() const;
};

using Environment = std::function<std::optional<std::string>(char const* name)>;

// None outside of an allocation. `names` expands Slurm's list of nodes ("n[1-3]").
[[nodiscard]] Result<std::optional<SlurmAllocation>> slurm_allocation(
    Environment const& environment,
    std::function<Result<std::vector<std::string>>(std::string const& list)> const& names);

// The same of this process; the names come from `scontrol show hostnames`.
[[nodiscard]] Result<std::optional<SlurmAllocation>> slurm_allocation_here();

// A count per node from Slurm's "4(x2),8". None if it isn't one.
[[nodiscard]] std::optional<std::vector<std::int32_t>> counts_of(std::string_view text);

}  // namespace godwit::cli
