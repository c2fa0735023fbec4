// Measure: what a policy orders accounts by, in the policy's own words, for users to read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/policy.hpp"

namespace godwit::policy {

// "index", "level fairshare" (Slurm's: shares over usage, among siblings; the highest goes first), of others
// "key" (the lowest goes first); empty: it doesn't order accounts.
[[nodiscard]] std::string_view measure_of(Policy const& policy);

// A key in that measure, without its name: "-1.5" (in cores times intervals), "0.75" or "infinite", "17".
[[nodiscard]] std::string spell_key(Policy const& policy, std::int64_t key);

}  // namespace godwit::policy
