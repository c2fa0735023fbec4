// What each policy makes of a standing, line by line of its rules.
#include <gtest/gtest.h>

#include "policy/half_life.hpp"
#include "unit/policy/cluster.hpp"

namespace godwit::policy {
namespace {

std::int64_t after(Standing const& standing, UpDownTuning const& tuning) {
  return policy_named("up-down", tuning)->after_interval(standing, 1s);
}

// ---- Up-Down as it was: what runs on others' hosts raises the index

UpDownTuning pure() {
  return {.index_max_intervals = 0, .entitlements = false};
}

TEST(UpDown, WhoRunsGoesUpByWhatItRuns) {
  EXPECT_EQ(
      after({.score = 500, .running_millicores = 3000, .charged_millicores = 3000, .waiting = 9}, pure()),
      3500);
  EXPECT_EQ(after({.running_millicores = 5000, .charged_millicores = 3000}, pure()), 3000)
      << "its own hosts don't count";
  auto tuning = pure();
  tuning.up = 2;
  EXPECT_EQ(after({.charged_millicores = 3000}, tuning), 6000);
}

TEST(UpDown, WhoWaitsAndRunsNothingGoesDown) {
  EXPECT_EQ(after({.score = 500, .waiting = 9}, pure()), -500);
  EXPECT_EQ(after({.running_millicores = 2000, .waiting = 1}, pure()), -1000)
      << "it runs on its own hosts only";
  auto tuning = pure();
  tuning.down = 3;
  EXPECT_EQ(after({.waiting = 1}, tuning), -3000);
}

TEST(UpDown, WhoDoesNeitherGoesBackToZero) {
  EXPECT_EQ(after({.score = 2500}, pure()), 1500);
  EXPECT_EQ(after({.score = 400}, pure()), 0);
  EXPECT_EQ(after({.score = -2500}, pure()), -1500);
  EXPECT_EQ(after({.score = -400}, pure()), 0);
  EXPECT_EQ(after({}, pure()), 0);
  auto tuning = pure();
  tuning.decay = 2;
  EXPECT_EQ(after({.score = 2500}, tuning), 500);
}

TEST(UpDown, AHeavyUserWhoGoesIdleDropsToTheCeiling) {
  auto tuning = pure();
  tuning.idle_ceiling = 120;
  EXPECT_EQ(after({.score = 900'000}, tuning), 120'000);
  EXPECT_EQ(after({.score = 120'000}, tuning), 119'000);
  EXPECT_EQ(after({.score = -900'000}, tuning), -899'000);
  EXPECT_EQ(after({.score = 900'000, .running_millicores = 1000}, tuning), 899'000)
      << "it isn't idle: it has its own";
  EXPECT_EQ(after({.score = 900'000, .waiting = 1}, tuning), 899'000);
}

// ---- with entitlements

TEST(UpDown, BeyondItsEntitlementItGoesUpByTheDifference) {
  EXPECT_EQ(after({.entitled_millicores = 4000,
                   .running_millicores = 6000,
                   .waiting = 1,
                   .capacity_millicores = 9000},
                  {}),
            2000);
}

TEST(UpDown, BelowItsEntitlementItGoesDownByTheDifferenceIfItWaits) {
  Standing standing{
      .entitled_millicores = 4000, .running_millicores = 1000, .waiting = 1, .capacity_millicores = 9000};
  EXPECT_EQ(after(standing, {}), -3000);
  standing.running_millicores = 3500;
  EXPECT_EQ(after(standing, {}), -1000) << "by one core at least";
}

TEST(UpDown, AtItsEntitlementItGoesBackToZero) {
  Standing standing{
      .score = 5000, .entitled_millicores = 4000, .running_millicores = 4000, .capacity_millicores = 9000};
  EXPECT_EQ(after(standing, {}), 4000);
  standing.waiting = 1;
  EXPECT_EQ(after(standing, {}), 4000) << "it has all that it may ask for";
  standing.score = -5000;
  EXPECT_EQ(after(standing, {}), -4000);
  standing.running_millicores = 1000;
  standing.waiting = 0;
  EXPECT_EQ(after(standing, {}), -4000);
}

TEST(UpDown, IsBounded) {
  UpDownTuning const tuning{.index_max_intervals = 10};
  Standing const high{.score = 79'000, .running_millicores = 8000, .capacity_millicores = 8000};
  EXPECT_EQ(after(high, tuning), 80'000);
  Standing const low{
      .score = -79'500, .entitled_millicores = 8000, .waiting = 1, .capacity_millicores = 8000};
  EXPECT_EQ(after(low, tuning), -80'000);
  EXPECT_EQ(after(high, {.index_max_intervals = 0}), 87'000);
}

// ---- by name

TEST(Policies, AreMadeByName) {
  for (auto const& name : policy_names()) {
    auto const policy = make_policy(name);
    ASSERT_TRUE(policy) << name;
    EXPECT_EQ((*policy)->name(), name);
    EXPECT_EQ((*policy)->preempts(), name == "up-down");
  }
  auto const none = make_policy("fairest");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.failure().code, "no_such_policy");
  EXPECT_EQ(
      none.failure().context,
      "there is no policy 'fairest'; there are up-down, fair-tree, fcfs, easy, round-robin, random, decay");
}

// ---- half-life

TEST(HalfLife, TheFractionsAreExact) {
  auto const whole = std::int64_t{1} << 62;
  EXPECT_EQ(remaining_fraction(0s, 100s), whole);
  EXPECT_EQ(remaining_fraction(100s, 100s), whole / 2);
  EXPECT_EQ(remaining_fraction(300s, 100s), whole / 8);
  EXPECT_EQ(remaining_fraction(10000s, 100s), 0);
  EXPECT_NEAR(static_cast<double>(remaining_fraction(50s, 100s)) / static_cast<double>(whole),
              0.70710678118654752, 1e-15);
  EXPECT_NEAR(static_cast<double>(remaining_fraction(1s, 86400s)) / static_cast<double>(whole),
              0.999991977495369, 1e-14);
}

double cores_of(std::int64_t score) {
  return static_cast<double>(score) / 1000 / static_cast<double>(std::int64_t{1} << average_bits);
}

TEST(Decay, AHundredCoresForTwoDaysAreSeventyFive) {
  auto const policy = policy_named("decay");
  for (auto const interval : {1s, 60s, 3600s}) {
    Standing standing{.running_millicores = 100'000};
    for (Duration passed{0}; passed < std::chrono::hours(48); passed += interval) {
      standing.score = policy->after_interval(standing, interval);
    }
    EXPECT_NEAR(cores_of(standing.score), 75, .01);
    standing.running_millicores = 0;
    for (Duration passed{0}; passed < std::chrono::hours(24); passed += interval) {
      standing.score = policy->after_interval(standing, interval);
    }
    EXPECT_NEAR(cores_of(standing.score), 37.5, .01);
  }
}

TEST(Decay, WhoRanLittleIsFirstButNobodyIsBelowHalfACore) {
  auto const policy = policy_named("decay");
  auto const score = [](std::int64_t cores) { return (cores * 1000) << average_bits; };
  EXPECT_LT(policy->key({.score = score(2)}), policy->key({.score = score(3)}));
  EXPECT_EQ(policy->key({.score = 0}), policy->key({.score = score(1) / 2}));
  EXPECT_EQ(policy->key({.score = score(6), .shares = 3}), policy->key({.score = score(2)}));
  EXPECT_EQ(policy->key({.score = score(2), .running_millicores = 5000}),
            policy->key({.score = score(3), .running_millicores = 3000}));
}

// ---- fair-tree: the trees and orders are those that flux-accounting's tests have for the same algorithm;
// those that are level go by age here

struct Usage {
  std::string path;
  std::int64_t shares, usage;
};

std::vector<std::string> fair_order(std::vector<Usage> const& usages) {
  std::vector<AccountRule> rules;
  std::map<std::string, std::int64_t> scores;
  for (auto const& one : usages) {
    rules.push_back({.path = one.path, .shares = one.shares});
    scores[one.path] = one.usage;
  }
  Cluster cluster("fair-tree", rules);
  for (auto const& one : usages) {
    if (one.path.find('/') != std::string::npos) cluster.submit(one.path, cores(1));
  }
  cluster.scheduler.set_scores(scores);
  cluster.hosts(1, 100);
  std::vector<std::string> order;
  for (auto const node : cluster.scheduler.order()) order.push_back(cluster.path(node));
  std::vector<std::string> served;
  for (auto const job : cluster.place()) served.push_back(cluster.jobs[job].request.account);
  EXPECT_EQ(order, served);
  return served;
}

TEST(FairTree, WithoutTies) {
  EXPECT_EQ(fair_order({{"1", 1000, 121},
                        {"1/1", 10000, 100},
                        {"1/2", 1000, 11},
                        {"1/3", 100000, 10},
                        {"2", 100, 11},
                        {"2/1", 100000, 8},
                        {"2/2", 10000, 3},
                        {"3", 10, 1},
                        {"3/1", 100, 0},
                        {"3/2", 10, 1}}),
            (std::vector<std::string>{"3/1", "3/2", "2/1", "2/2", "1/3", "1/1", "1/2"}));
}

TEST(FairTree, MergesGroupsThatAreLevel) {
  EXPECT_EQ(fair_order({{"1", 1000, 120},
                        {"1/1", 10000, 100},
                        {"1/2", 1000, 10},
                        {"1/3", 100000, 10},
                        {"2", 100, 12},
                        {"2/1", 10000, 10},
                        {"2/2", 1000, 1},
                        {"2/3", 100000, 1},
                        {"3", 10, 1},
                        {"3/1", 100, 0},
                        {"3/2", 10, 1}}),
            (std::vector<std::string>{"3/1", "3/2", "1/3", "2/3", "1/1", "1/2", "2/1", "2/2"}));
}

TEST(FairTree, WithNothingUsedAllAreLevel) {
  EXPECT_EQ(
      fair_order({{"1", 1000, 0}, {"1/1", 1, 0}, {"1/2", 9, 0}, {"2", 5, 0}, {"2/1", 1, 0}, {"2/2", 3, 0}}),
      (std::vector<std::string>{"1/1", "1/2", "2/1", "2/2"}));
}

}  // namespace
}  // namespace godwit::policy
