// Interval: when the next checkpoint of one job is due. After a failed one it waits longer each time,
// up to eight intervals, so that a full or stalled store isn't hammered by every job at once; the first
// success brings the interval back. Pure.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace godwit::checkpoint {

class Interval {
 public:
  explicit Interval(Duration every) : every_(every) {}  // 0: never

  [[nodiscard]] bool wanted() const { return every_ > Duration{0}; }
  [[nodiscard]] Instant next(Instant now) const { return now + every_ * (std::int64_t{1} << doublings_); }
  void succeeded() { doublings_ = 0; }
  void failed() {
    if (doublings_ < doublings_max) ++doublings_;
  }

 private:
  static constexpr std::uint32_t doublings_max = 3;
  Duration every_;
  std::uint32_t doublings_{0};
};

}  // namespace godwit::checkpoint
