#include "edge/posix/affinity.hpp"

#include <sched.h>

#include <algorithm>

namespace godwit {

std::vector<std::int32_t> cpus_of(pid_t process) {
  constexpr int cpus_max = 4096;
  std::vector<std::int32_t> cpus;
  auto* const set = CPU_ALLOC(cpus_max);
  auto const bytes = CPU_ALLOC_SIZE(cpus_max);
  CPU_ZERO_S(bytes, set);
  if (::sched_getaffinity(process, bytes, set) == 0) {
    for (int cpu = 0; cpu < cpus_max; ++cpu) {
      if (CPU_ISSET_S(static_cast<std::size_t>(cpu), bytes, set)) cpus.push_back(cpu);
    }
  }
  CPU_FREE(set);
  return cpus;
}

CoreShare share_of(std::vector<std::int32_t> const& cpus, int place, int count) {
  CoreShare share;
  auto const size = static_cast<int>(cpus.size());
  for (int i = 0; i < size; ++i) {
    bool const own = count <= size ? i * count / size == place : i == place % size;
    (own ? share.own : share.others).push_back(cpus[static_cast<std::size_t>(i)]);
  }
  return share;
}

}  // namespace godwit
