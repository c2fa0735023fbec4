// SafePoint: what happens between two steps when nobody wants anything, in a few nanoseconds: publish the
// count, look at two words of shared memory, and at a coarse clock. Anything else is the loop's business.
//
// The lease runs on CLOCK_BOOTTIME, which is dear to read; the coarse clock says when to look again: no
// later than 10 ms from the last look, and at every safe point near the lease's end. One thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "edge/capsules/link/clock.hpp"
#include "edge/capsules/link/control_block.hpp"

namespace godwit::inside {

class SafePoint {
 public:
  explicit SafePoint(ControlBlock& block) : block_(block) {}

  // True if the next step may begin at once.
  [[nodiscard]] bool quiet(std::uint64_t steps) {
    auto const tick_ns = read_clock_ns(CLOCK_MONOTONIC_COARSE);
    block_.steps.store(steps, std::memory_order_relaxed);
    block_.safe_point_ns.store(tick_ns + boot_ahead_ns_, std::memory_order_relaxed);
    if ((block_.wanted.load(std::memory_order_relaxed) | block_.chores.load(std::memory_order_relaxed)) !=
        0) {
      return false;
    }
    return tick_ns < look_again_ns_ || lease_holds();
  }

  [[nodiscard]] bool lease_holds() {
    auto const now_ns = boot_now().boot_ns;
    auto const tick_ns = read_clock_ns(CLOCK_MONOTONIC_COARSE);
    auto const left_ns = block_.lease_until_ns.load(std::memory_order_relaxed) - now_ns;
    boot_ahead_ns_ = now_ns - read_clock_ns(CLOCK_MONOTONIC);  // read after it: no safe point lies in the future
    look_again_ns_ = left_ns > near_ns ? tick_ns + std::min(near_ns, left_ns - near_ns) : 0;
    return left_ns > 0;
  }

  // Steps shorter than this are timed one in 64, so that the clock doesn't cost more than they do.
  [[nodiscard]] bool time_next(std::uint64_t steps) const { return (steps & skip_mask_) == 0; }
  void timed(Duration step) {
    block_.step_times.add(step);
    skip_mask_ = step > 10us ? 0 : 63;
  }

 private:
  static constexpr std::int64_t near_ns = 10'000'000;  // more than a tick of the coarse clock

  ControlBlock& block_;
  std::int64_t boot_ahead_ns_ = 0;  // CLOCK_BOOTTIME − CLOCK_MONOTONIC
  std::int64_t look_again_ns_ = 0;
  std::uint64_t skip_mask_ = 0;
};

}  // namespace godwit::inside
