#include "policy/up_down.hpp"

#include <algorithm>

#include "base/mutation.hpp"

namespace godwit::policy {

namespace {

constexpr std::int64_t one_core = 1000;  // in millicores, which scores are in

}  // namespace

std::int64_t UpDown::after_interval(Standing const& standing, Duration) const {
  auto const score = moved(standing);
  if (tuning_.index_max_intervals == 0 || mutated(Mutation::unbounded_index)) return score;
  auto const bound = tuning_.index_max_intervals * standing.capacity_millicores;
  return std::clamp(score, -bound, bound);
}

std::int64_t UpDown::moved(Standing const& standing) const {
  auto const own = tuning_.entitlements ? standing.entitled_millicores : 0;
  auto const running = tuning_.entitlements ? standing.running_millicores : standing.charged_millicores;
  if (running > own && !mutated(Mutation::raise_nobody)) return standing.score + tuning_.up * (running - own);
  bool const has_its_own =
      own > 0 && running == own;  // it isn't below: else all would sink together, and a newcomer wait
  if (standing.waiting > 0 && !has_its_own && !mutated(Mutation::sink_nobody)) {
    return standing.score - tuning_.down * std::max(one_core, own - running);
  }
  return decayed(standing);
}

// Towards zero. A heavy user who goes idle needn't wait for that from the very top.
std::int64_t UpDown::decayed(Standing const& standing) const {
  bool const idle = standing.running_millicores == 0 && standing.waiting == 0;
  if (idle && tuning_.idle_ceiling && standing.score > *tuning_.idle_ceiling * one_core) {
    return *tuning_.idle_ceiling * one_core;
  }
  auto const step = tuning_.decay * one_core;
  if (standing.score > 0) return std::max<std::int64_t>(0, standing.score - step);
  return std::min<std::int64_t>(0, standing.score + step);
}

}  // namespace godwit::policy
