// Topology: the machine as this process may use it, as hwloc sees it. Loaded once: that reads a few hundred files of
// /sys. One thread at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.hpp"

struct hwloc_topology;

namespace godwit {

class Topology {
 public:
  [[nodiscard]] static Result<Topology> here();

  // On which that process may run, in the kernel's numbers and in order; 0: this one. Empty if nobody says.
  [[nodiscard]] std::vector<std::int32_t> cpus_of(pid_t process) const;
  // Of the NUMA nodes that it may use; 0 if nobody says.
  [[nodiscard]] std::uint64_t memory_bytes() const;

 private:
  struct Destroy {
    void operator()(hwloc_topology* topology) const;
  };
  explicit Topology(hwloc_topology* topology) : topology_(topology) {}
  std::unique_ptr<hwloc_topology, Destroy> topology_;
};

// What jobs of this process may have of the machine, with what its control groups leave of it.
struct Machine {
  std::vector<std::int32_t> cpus;
  std::int32_t cores{1};          // of them, as many as the control groups' quota comes to
  std::uint64_t memory_bytes{0};  // 0: nobody says
};
[[nodiscard]] Machine machine_here(Topology const& topology);

}  // namespace godwit
