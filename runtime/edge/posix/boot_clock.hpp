// BootClock: the port Clock on CLOCK_BOOTTIME and CLOCK_REALTIME. Any thread.
#pragma once

#include <ctime>

#include "port/world.hpp"

namespace godwit {

class BootClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return {read_ns(CLOCK_BOOTTIME)}; }
  [[nodiscard]] WallTime wall() const override { return {read_ns(CLOCK_REALTIME)}; }

 private:
  static std::int64_t read_ns(clockid_t clock) {
    timespec at{};
    ::clock_gettime(clock, &at);
    return std::int64_t{at.tv_sec} * 1'000'000'000 + at.tv_nsec;
  }
};

}  // namespace godwit
