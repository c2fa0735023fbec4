#include "policy/fair_tree.hpp"

#include <algorithm>

#include "policy/half_life.hpp"

namespace godwit::policy {

namespace {

__extension__ using WideKey = __int128;
constexpr Duration usage_half_life = std::chrono::hours(7 * 24);

}  // namespace

std::int64_t FairTree::after_interval(Standing const& standing, Duration interval) const {
  return averaged(standing.score, standing.running_millicores, interval, usage_half_life);
}

std::int64_t FairTree::key(Standing const& standing) const {
  if (standing.score <= 0) return 0;
  // Divided once, so that what is level has equal keys.
  auto const siblings_used = std::max(standing.sibling_score, standing.score);
  auto const part = static_cast<WideKey>(standing.score) * level * standing.sibling_shares;
  auto const key = part / (static_cast<WideKey>(standing.shares) * siblings_used);
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(key));
}

}  // namespace godwit::policy
