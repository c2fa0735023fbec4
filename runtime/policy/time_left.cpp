#include "policy/time_left.hpp"

#include <algorithm>

namespace godwit::policy {

namespace {

__extension__ using Wide = __int128;

constexpr Wide us_max = Wide{1} << 52;  // more than a hundred years

}  // namespace

Duration time_left(Seen const& seen) {
  auto const ran = std::max(seen.ran, Duration{0});
  if (seen.total == 0) return ran;
  if (seen.done_now >= seen.total) return Duration{0};
  if (seen.done_now <= seen.done_then || seen.elapsed <= Duration{0}) return ran;
  auto const us = Wide{seen.total - seen.done_now} * (seen.elapsed.count() / 1000) / (seen.done_now - seen.done_then);
  return Duration{static_cast<std::int64_t>(std::min(us, us_max)) * 1000};
}

}  // namespace godwit::policy
