// Which cores a process may run on, and how hosts of one node divide them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace godwit {

// In order; 0: this process. Empty if the kernel doesn't say.
[[nodiscard]] std::vector<std::int32_t> cpus_of(pid_t process);

struct CoreShare {
  std::vector<std::int32_t> own, others;
};
// The share of the `place`-th (from 0) of `count` processes that may use the same cores: neighbours stay together;
// if there are more processes than cores, several have the same one.
[[nodiscard]] CoreShare share_of(std::vector<std::int32_t> const& cpus, int place, int count);

}  // namespace godwit
