#include "edge/hwloc/topology.hpp"

#include <fmt/format.h>
#include <hwloc.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "edge/posix/control_groups.hpp"

namespace godwit {

void Topology::Destroy::operator()(hwloc_topology* topology) const {
  ::hwloc_topology_destroy(topology);
}

Result<Topology> Topology::here() {
  hwloc_topology_t topology = nullptr;
  if (::hwloc_topology_init(&topology) != 0) return reject("no_topology", "hwloc can't be started");
  Topology held(topology);
  if (::hwloc_topology_load(topology) != 0) {
    return reject("no_topology", fmt::format("hwloc can't look at this machine: {}", std::strerror(errno)));
  }
  return held;
}

std::vector<std::int32_t> Topology::cpus_of(pid_t process) const {
  std::vector<std::int32_t> cpus;
  std::unique_ptr<hwloc_bitmap_s, decltype(&::hwloc_bitmap_free)> const set(::hwloc_bitmap_alloc(),
                                                                            &::hwloc_bitmap_free);
  int const failed = process == 0
                         ? ::hwloc_get_cpubind(topology_.get(), set.get(), HWLOC_CPUBIND_THREAD)
                         : ::hwloc_get_proc_cpubind(topology_.get(), process, set.get(), HWLOC_CPUBIND_THREAD);
  if (failed != 0) return cpus;
  // Bound to nothing is to all there is, also where that is told as "all there could be".
  ::hwloc_bitmap_and(set.get(), set.get(), ::hwloc_topology_get_allowed_cpuset(topology_.get()));
  for (int cpu = ::hwloc_bitmap_first(set.get()); cpu >= 0; cpu = ::hwloc_bitmap_next(set.get(), cpu)) {
    cpus.push_back(cpu);
  }
  return cpus;
}

std::uint64_t Topology::memory_bytes() const {
  return ::hwloc_get_root_obj(topology_.get())->total_memory;
}

Machine machine_here(Topology const& topology) {
  std::ifstream in("/proc/self/cgroup");
  std::ostringstream text;
  if (in) text << in.rdbuf();
  auto const limits = control_group_limits(text.str(), "/sys/fs/cgroup");
  Machine machine;
  machine.cpus = topology.cpus_of(0);
  machine.cores = std::max(static_cast<std::int32_t>(machine.cpus.size()), 1);
  if (limits.millicores) {  // half a core is one: less can't be given to a job
    auto const quota = static_cast<std::int32_t>((*limits.millicores + 500) / 1000);
    machine.cores = std::clamp(quota, 1, machine.cores);
  }
  auto const physical = topology.memory_bytes();
  auto const limit = limits.memory_bytes.value_or(physical);
  machine.memory_bytes = physical == 0 ? limit : std::min(physical, limit);
  return machine;
}

}  // namespace godwit
