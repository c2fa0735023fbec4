// The clock that leases run on, read directly: host and capsules are on one machine.
#pragma once

#include <ctime>

#include "base/time.hpp"

namespace godwit {

[[nodiscard]] inline std::int64_t read_clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}
[[nodiscard]] inline Instant boot_now() {
  return {read_clock_ns(CLOCK_BOOTTIME)};
}

}  // namespace godwit
