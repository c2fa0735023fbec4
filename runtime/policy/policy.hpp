// The policies that there are, by name. What a policy is, godwit/policy.hpp says: its installed face.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "godwit/policy.hpp"

namespace godwit::policy {

// Up-Down's numbers: docs/fairness.md. In cores of the formula; scores are in millicores times intervals.
struct UpDownTuning {
  std::int64_t up{1}, down{1}, decay{1};
  std::int64_t index_max_intervals{60};        // bounded at ± so many intervals of the whole capacity; 0: unbounded
  std::optional<std::int64_t> idle_ceiling;    // who has neither running nor waiting is dropped to this at once, in cores
  bool entitlements{true};                     // false: pure Up-Down, where all that runs raises the index
};

// Of a user's own policy: it gives a new one, to be deleted.
using MakePolicy = Policy* (*)();

// "up-down" "fair-tree" "fcfs"; for comparison also "easy" "round-robin" "random" "decay". Unknown: rejected, with
// the names that there are.
[[nodiscard]] Result<std::unique_ptr<Policy>> make_policy(std::string_view name, UpDownTuning const& tuning = {});
[[nodiscard]] std::vector<std::string> policy_names();

}  // namespace godwit::policy
