// VirtualClock: time that passes only when the test says so.
#pragma once

#include "port/world.hpp"

namespace godwit::test {

class VirtualClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] WallTime wall() const override { return {now_.boot_ns + unix_epoch_ns}; }
  void pass(Duration time) { now_ = now_ + time; }

 private:
  static constexpr std::int64_t unix_epoch_ns = 1'800'000'000'000'000'000;
  Instant now_{1'000'000'000};
};

}  // namespace godwit::test
