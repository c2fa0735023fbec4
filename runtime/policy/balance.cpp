#include "policy/balance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/mutation.hpp"
#include "policy/balance_search.hpp"

namespace godwit::policy {
namespace {

constexpr std::array<std::pair<BalanceGoal, std::string_view>, 5> goals{{{BalanceGoal::none, "none"},
                                                                         {BalanceGoal::offload, "offload"},
                                                                         {BalanceGoal::spread, "spread"},
                                                                         {BalanceGoal::consolidate, "consolidate"},
                                                                         {BalanceGoal::locality, "locality"}}};

// Cores that are in use for nine tenths of the time may keep somebody waiting.
constexpr std::int64_t all_in_use_permille = 900;
constexpr std::int64_t stall_max_permille = 900;

}  // namespace

Result<BalanceGoal> balance_goal_of(std::string_view name) {
  for (auto const& [goal, known] : goals) {
    if (name == known) return goal;
  }
  return reject("no_such_goal",
                fmt::format("no goal '{}': there are none, offload, spread, consolidate and locality", name));
}

std::string_view to_string(BalanceGoal goal) {
  return goals[static_cast<std::size_t>(goal)].second;
}

Goal placing_for(BalanceGoal goal) {
  switch (goal) {
    case BalanceGoal::consolidate:
      return Goal::consolidate;
    case BalanceGoal::locality:
      return Goal::locality;
    default:
      return Goal::spread;
  }
}

// Where the run queue is known it says how many want a core; else what the jobs asked for does.
std::int64_t BalanceNode::slowness(std::int64_t more) const {
  auto const all_milli = std::max<std::int64_t>(cores, 1) * 1000;
  auto wanted_milli = wanted * 1000;
  if (busy_milli) {
    bool const all_in_use = *busy_milli >= all_milli * all_in_use_permille / 1000;
    wanted_milli = all_in_use ? queue_milli.value_or(wanted_milli) : *busy_milli;
  }
  auto const for_cores = std::max<std::int64_t>(1000, (wanted_milli + more * 1000) * 1000 / all_milli);
  return for_cores * 1000 / (1000 - std::clamp<std::int64_t>(memory_stall_permille, 0, stall_max_permille));
}

bool pays(Duration gain, Duration cost, BalanceTuning const& tuning) {
  if (mutated(Mutation::ignore_the_cost)) return gain > Duration{0};
  return gain >= cost * tuning.gain_times + tuning.gain_min;
}

std::vector<Rank> Balance::sources() const {
  return BalanceSearch(*this).sources();
}

std::vector<BalanceMove> Balance::moves(std::vector<BalanceJob> const& jobs) const {
  BalanceSearch search(*this);
  switch (tuning.goal) {
    case BalanceGoal::none:
      return {};
    case BalanceGoal::offload:
    case BalanceGoal::spread:
      return search.even_out(jobs);
    case BalanceGoal::consolidate:
      return search.empty_one(jobs);
    case BalanceGoal::locality:
      return search.gather(jobs);
  }
  return {};
}

}  // namespace godwit::policy
