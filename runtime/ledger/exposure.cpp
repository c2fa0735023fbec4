#include "ledger/exposure.hpp"

#include <algorithm>
#include <limits>

namespace godwit {

namespace {
constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::uint64_t seconds_max = std::numeric_limits<std::int64_t>::max() / second_ns;
}  // namespace

void Exposure::add(std::int64_t hosts, Duration time) {
  auto const ns = time.count();
  if (hosts <= 0 || ns <= 0) return;
  host_seconds += static_cast<std::uint64_t>(ns / second_ns) * static_cast<std::uint64_t>(hosts);
  rest_ns += ns % second_ns * hosts;
  host_seconds += static_cast<std::uint64_t>(rest_ns / second_ns);
  rest_ns %= second_ns;
}

Duration Exposure::mean_time_between_failures() const {
  auto const assumed = static_cast<std::uint64_t>(prior.count() / second_ns);
  auto const mean = (assumed + host_seconds) / (1 + failures);
  return Duration{static_cast<std::int64_t>(std::clamp<std::uint64_t>(mean, 1, seconds_max)) * second_ns};
}

}  // namespace godwit
