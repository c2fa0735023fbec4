#include "policy/half_life.hpp"

#include <array>

namespace godwit::policy {

namespace {

__extension__ using Wide = __int128;
__extension__ using WideUnsigned = unsigned __int128;

constexpr int fraction_bits = 62;
constexpr std::int64_t whole = std::int64_t{1} << fraction_bits;

constexpr std::int64_t root_of(WideUnsigned square) {
  WideUnsigned low = 0, high = WideUnsigned{1} << fraction_bits;
  while (low < high) {
    auto const middle = (low + high + 1) / 2;
    (middle * middle <= square ? low : high) = middle * middle <= square ? middle : middle - 1;
  }
  return static_cast<std::int64_t>(low);
}

// ½^(1/2), ½^(1/4), ½^(1/8) …, each the square root of the one before.
constexpr auto roots_of_a_half = [] {
  std::array<std::int64_t, 60> roots{};
  auto last = whole / 2;
  for (auto& each : roots) each = last = root_of(static_cast<WideUnsigned>(last) << fraction_bits);
  return roots;
}();

std::int64_t times(std::int64_t value, std::int64_t fraction) {
  return static_cast<std::int64_t>((static_cast<Wide>(value) * fraction + whole / 2) >> fraction_bits);
}

}  // namespace

std::int64_t remaining_fraction(Duration interval, Duration half_life) {
  auto const half_lives = interval.count() / half_life.count();
  if (half_lives >= fraction_bits) return 0;
  auto fraction = whole >> half_lives;
  auto rest = static_cast<Wide>(interval.count() % half_life.count());  // of a half-life, bit by bit
  for (auto const each : roots_of_a_half) {
    rest *= 2;
    if (rest < half_life.count()) continue;
    rest -= half_life.count();
    fraction = times(fraction, each);
  }
  return fraction;
}

std::int64_t averaged(std::int64_t average, std::int64_t running_millicores, Duration interval,
                      Duration half_life) {
  auto const running = running_millicores << average_bits;
  return running + times(average - running, remaining_fraction(interval, half_life));
}

}  // namespace godwit::policy
