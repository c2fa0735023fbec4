// SimClock: one rank's clock: it began at another instant than the others' and may run too fast or too slow.
#pragma once

#include "port/world.hpp"
#include "sim/scheduler.hpp"

namespace godwit::sim {

class SimClock final : public Clock {
 public:
  // drift_ppm: microseconds per second by which it runs fast (or, negative, slow).
  SimClock(Scheduler const& scheduler, Instant began, std::int64_t drift_ppm)
      : scheduler_(scheduler), began_(began), drift_ppm_(drift_ppm) {}

  [[nodiscard]] Instant now() const override { return read(scheduler_.now()); }
  [[nodiscard]] WallTime wall() const override { return {unix_epoch_ns + scheduler_.now().count()}; }

  [[nodiscard]] Instant read(Moment at) const {
    return {began_.boot_ns + at.count() + at.count() / parts * drift_ppm_ + at.count() % parts * drift_ppm_ / parts};
  }
  // The first moment at which it shows this instant or a later one; never before now.
  [[nodiscard]] Moment moment_of(Instant at) const {
    auto const shown = at.boot_ns - began_.boot_ns;
    auto guess = Moment{shown - shown / (parts + drift_ppm_) * drift_ppm_};
    while (read(guess) >= at && guess > scheduler_.now()) guess -= 1us;
    while (read(guess) < at) guess += 1us;
    return std::max(guess, scheduler_.now());
  }

 private:
  static constexpr std::int64_t parts = 1'000'000;
  static constexpr std::int64_t unix_epoch_ns = 1'800'000'000'000'000'000;
  Scheduler const& scheduler_;
  Instant began_;
  std::int64_t drift_ppm_;
};

}  // namespace godwit::sim
