// Interval: when the next checkpoint of one job is due. After a failed one it waits longer each time,
// up to eight intervals, so that a full or stalled store isn't hammered by every job at once; the first
// success brings the interval back. Pure.
//
// The automatic interval is Daly's, from what the last checkpoint cost the job (the time for which it was stopped) and the
// mean time between failures M that the allocator has seen. J. T. Daly, A higher order estimate of the optimum checkpoint
// interval for restart dumps, Future Generation Computer Systems 22 (2006) 303, equation 37.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/time.hpp"

namespace godwit::checkpoint {

inline constexpr Duration failures_every_unknown = std::chrono::hours(24);  // until the allocator says how often
inline constexpr Duration cost_unmeasured = 1s;              // of a job that was never saved
inline constexpr Duration automatic_min = 10s, automatic_max = 60min;

// From the end of a checkpoint to the beginning of the next. Where one costs more than twice M, nothing helps: M.
[[nodiscard]] inline Duration daly(Duration cost, Duration failures_every) {
  using Seconds = std::chrono::duration<double>;
  auto const delta = Seconds(std::max(cost, Duration{0})).count();
  auto const mean = Seconds(std::max(failures_every, Duration{1})).count();
  auto const half = delta / (2 * mean);
  auto const best = half >= 1 ? mean : std::sqrt(2 * delta * mean) * (1 + std::sqrt(half) / 3 + half / 9) - delta;
  return std::chrono::duration_cast<Duration>(Seconds(best));
}

class Interval {
 public:
  explicit Interval(Duration every, bool automatic = false) : every_(every), automatic_(automatic) {  // 0: never
    estimate();
  }

  [[nodiscard]] bool wanted() const { return every_ > Duration{0}; }
  [[nodiscard]] Duration every() const { return every_; }
  [[nodiscard]] Instant next(Instant now) const { return now + every_ * (std::int64_t{1} << doublings_); }
  void succeeded() { doublings_ = 0; }
  void failed() {
    if (doublings_ < doublings_max) ++doublings_;
  }
  void measured(Duration cost) {
    cost_ = cost;
    estimate();
  }
  void expect_failures(Duration every) {
    failures_every_ = every;
    estimate();
  }

 private:
  void estimate() {
    if (automatic_) every_ = std::clamp(daly(cost_, failures_every_), automatic_min, automatic_max);
  }

  static constexpr std::uint32_t doublings_max = 3;
  Duration every_;
  bool automatic_;
  Duration cost_{cost_unmeasured}, failures_every_{failures_every_unknown};
  std::uint32_t doublings_{0};
};

}  // namespace godwit::checkpoint
