// Interval: when the next checkpoint of one job is due. After a failed one it waits longer each time,
// up to eight intervals, so that a full or stalled store isn't hammered by every job at once; the first
// success brings the interval back. Pure.
//
// The automatic interval is Young's: sqrt(2 C M), with C what the last checkpoint cost the job (the time for which it
// was stopped) and M the mean time between failures. J. W. Young, A first order approximation to the optimum
// checkpoint interval, CACM 17 (1974) 530.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/time.hpp"

namespace godwit::checkpoint {

inline constexpr Duration mean_time_between_failures = std::chrono::hours(24);  // until failures are counted
inline constexpr Duration cost_unmeasured = 1s;              // of a job that was never saved
inline constexpr Duration automatic_min = 10s, automatic_max = 60min;

[[nodiscard]] inline Duration young(Duration cost) {
  using Seconds = std::chrono::duration<double>;
  auto const best = std::sqrt(2 * Seconds(std::max(cost, Duration{0})).count() * Seconds(mean_time_between_failures).count());
  auto const whole = std::chrono::duration_cast<Duration>(Seconds(best));
  return std::clamp(whole, automatic_min, automatic_max);
}

class Interval {
 public:
  explicit Interval(Duration every, bool automatic = false)
      : every_(automatic ? young(cost_unmeasured) : every), automatic_(automatic) {}  // 0: never

  [[nodiscard]] bool wanted() const { return every_ > Duration{0}; }
  [[nodiscard]] Duration every() const { return every_; }
  [[nodiscard]] Instant next(Instant now) const { return now + every_ * (std::int64_t{1} << doublings_); }
  void succeeded() { doublings_ = 0; }
  void failed() {
    if (doublings_ < doublings_max) ++doublings_;
  }
  void measured(Duration cost) {
    if (automatic_) every_ = young(cost);
  }

 private:
  static constexpr std::uint32_t doublings_max = 3;
  Duration every_;
  bool automatic_;
  std::uint32_t doublings_{0};
};

}  // namespace godwit::checkpoint
