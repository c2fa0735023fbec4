#include "edge/posix/fd_sleeper.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <ctime>

namespace godwit {
namespace {

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

constexpr Duration nap_min = 10us;
constexpr Duration nap_max = 2ms;
constexpr Duration nap_until_rung = 20ms;  // a ring may be lost
constexpr int idle_per_nap = 32;

}  // namespace

FdSleeper::FdSleeper(std::vector<int> const& wait_fds, bool all_ring)
    : all_ring_(all_ring), last_busy_ns_(monotonic_ns()) {
  for (int const fd : wait_fds) {
    if (fd >= 0) fds_.push_back({fd, POLLIN, 0});
  }
  ::prctl(PR_SET_TIMERSLACK, 1000UL);  // 1 µs instead of 50
}

Duration FdSleeper::nap(Duration idle, bool busy) const {
  if (all_ring_ && !busy) return nap_until_rung;
  return std::clamp(idle / idle_per_nap, nap_min, nap_max);
}

void FdSleeper::sleep(Duration at_most, bool busy) {
  auto const now = monotonic_ns();
  if (busy) last_busy_ns_ = now;
  auto const time =
      std::clamp(nap(Duration{now - last_busy_ns_}, busy), Duration{0}, std::max(at_most, Duration{0}));
  timespec const timeout{0, static_cast<long>(time.count())};
  static_assert(std::max(nap_max, nap_until_rung) < 1s);
  // A descriptor that is readable ends the nap; whose it is, the polls find out.
  if (::ppoll(fds_.data(), fds_.size(), &timeout, nullptr) > 0) last_busy_ns_ = monotonic_ns();
}

}  // namespace godwit
