// What a policy orders accounts by, in words.
#include "policy/measure.hpp"

#include <gtest/gtest.h>

#include "unit/policy/cluster.hpp"

namespace godwit::policy {
namespace {

TEST(Measure, UpDownHasItsIndexInCoresTimesIntervals) {
  auto const policy = policy_named("up-down");
  EXPECT_EQ(measure_of(*policy), "index");
  EXPECT_EQ(spell_key(*policy, -1500), "-1.5");
  EXPECT_EQ(spell_key(*policy, 49), "0.0");
  EXPECT_EQ(spell_key(*policy, -49), "0.0");
  EXPECT_EQ(spell_key(*policy, 1'234'560), "1234.6");
}

// Siblings with equal shares, of whom one has used three times as much: half and one and a half of what is
// level.
TEST(Measure, FairTreeHasSlurmsLevelFairshare) {
  auto const policy = policy_named("fair-tree");
  EXPECT_EQ(measure_of(*policy), "level fairshare");
  auto const key = [&](std::int64_t score) {
    return policy->key({.score = score, .shares = 1, .sibling_shares = 2, .sibling_score = 4000});
  };
  EXPECT_EQ(spell_key(*policy, key(0)), "infinite");
  EXPECT_EQ(spell_key(*policy, key(1000)), "2.00");
  EXPECT_EQ(spell_key(*policy, key(3000)), "0.67");
  EXPECT_EQ(spell_key(*policy, key(2000)), "1.00");
}

TEST(Measure, OthersHaveTheirKeyOrNone) {
  EXPECT_EQ(measure_of(*policy_named("decay")), "key");
  EXPECT_EQ(spell_key(*policy_named("decay"), 17), "17");
  EXPECT_EQ(measure_of(*policy_named("fcfs")), "");
  EXPECT_EQ(measure_of(*policy_named("random")), "");
}

}  // namespace
}  // namespace godwit::policy
