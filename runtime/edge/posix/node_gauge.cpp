#include "edge/posix/node_gauge.hpp"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "edge/posix/memory_limit.hpp"

namespace godwit {

Load NodeGauge::read() {
  double load = 0;
  if (::getloadavg(&load, 1) != 1) return {};
  return {static_cast<std::int64_t>(load * 1000)};
}

std::int32_t cores_here() {
  auto cores = static_cast<std::int32_t>(::sysconf(_SC_NPROCESSORS_ONLN));
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) cores = CPU_COUNT(&allowed);
  return std::max(cores, 1);
}

std::uint64_t memory_bytes_here() {
  auto const physical = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                        static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::ifstream in("/proc/self/cgroup");
  std::ostringstream cgroups;
  if (in) cgroups << in.rdbuf();
  return std::min(physical, memory_limit(cgroups.str(), "/sys/fs/cgroup").value_or(physical));
}

}  // namespace godwit
