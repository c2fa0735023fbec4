// Instants and durations. The core never reads a clock: instants are handed in.
//
// Instant counts nanoseconds of CLOCK_BOOTTIME, which goes on while a machine is suspended, as leases
// need. Instants of different nodes can't be compared. WallTime is for records and people only.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace godwit {

using Duration = std::chrono::nanoseconds;
using std::chrono_literals::operator""ns;
using std::chrono_literals::operator""us;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;

struct Instant {
  std::int64_t boot_ns{0};

  constexpr auto operator<=>(Instant const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & boot_ns;
  }
};

constexpr Instant operator+(Instant at, Duration by) { return {at.boot_ns + by.count()}; }
constexpr Duration operator-(Instant later, Instant earlier) {
  return Duration{later.boot_ns - earlier.boot_ns};
}

struct WallTime {
  std::int64_t unix_ns{0};  // since 1970-01-01 UTC

  constexpr auto operator<=>(WallTime const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & unix_ns;
  }
};

}  // namespace godwit
