// How hosts of one node divide the cores that they may run on.
#pragma once

#include <cstdint>
#include <vector>

namespace godwit {

struct CoreShare {
  std::vector<std::int32_t> own, others;
};
// The share of the `place`-th (from 0) of `count` processes that may use the same cores: neighbours stay together;
// if there are more processes than cores, several have the same one.
[[nodiscard]] CoreShare share_of(std::vector<std::int32_t> const& cpus, int place, int count);

}  // namespace godwit
