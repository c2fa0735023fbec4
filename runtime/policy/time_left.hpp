// How long a job will run on, at the rate at which it runs now. From what it says about its progress where it says so; else as
// long again as it has run so far, which is the median of what is left of a process (Harchol-Balter and Downey, "Exploiting
// Process Lifetime Distributions for Dynamic Load Balancing", 1997). Integers only.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace godwit::policy {

struct Seen {  // of a job: twice, the first time `elapsed` before
  std::uint64_t done_then{0}, done_now{0};
  std::uint64_t total{0};  // 0: it doesn't say
  Duration elapsed{0};
  Duration ran{0};         // so far
};

[[nodiscard]] Duration time_left(Seen const& seen);

}  // namespace godwit::policy
