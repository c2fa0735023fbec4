// The automatic interval against the optimum of Daly's complete model, computed here by search: the wall time of work is
// proportional to (exp((tau + delta) / M) - 1) / tau. And what it does with what is measured and seen.
#include <gtest/gtest.h>

#include "checkpoint/interval.hpp"

namespace godwit::checkpoint {
namespace {

using std::chrono_literals::operator""h;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

double best_by_search(double delta, double mean) {
  auto const cost = [&](double tau) { return std::expm1((tau + delta) / mean) / tau; };
  double low = 1e-6, high = 5 * mean;
  for (int i = 0; i < 200; ++i) {
    auto const a = low + (high - low) / 3, b = high - (high - low) / 3;
    cost(a) < cost(b) ? void(high = b) : void(low = a);
  }
  return low;
}

TEST(Daly, IsTheOptimumOfTheCompleteModel) {
  struct Case {
    Duration cost, mean;
  };
  for (auto const& [cost, mean] : {Case{10ms, 24h}, {1s, 24h}, {60s, 1h}, {300s, 6h}, {300s, 24h}}) {
    auto const best = best_by_search(seconds(cost), seconds(mean));
    EXPECT_NEAR(seconds(daly(cost, mean)), best, best * 0.001) << seconds(cost) << " s, " << seconds(mean) << " s";
  }
  EXPECT_NEAR(seconds(daly(30min, 1h)), best_by_search(1800, 3600), 0.02 * 2000) << "even where one costs half of M";
}

TEST(Daly, OfKnownValues) {
  EXPECT_NEAR(seconds(daly(1s, 24h)), 415.026, 0.01);
  EXPECT_NEAR(seconds(daly(5min, 6h)), 3402.78, 0.1);  // Young's: 3600
  EXPECT_EQ(daly(2h, 1h), 1h) << "nothing helps";
  EXPECT_EQ(daly(3h, 1h), 1h);
  EXPECT_EQ(daly(0s, 24h), 0s);
}

TEST(Interval, FollowsWhatIsMeasuredAndSeen) {
  Interval interval(Duration{0}, true);
  EXPECT_TRUE(interval.wanted());
  auto const first = interval.every();
  EXPECT_NEAR(seconds(first), 415.026, 0.01);
  interval.measured(10ms);
  EXPECT_NEAR(seconds(interval.every()), 41.57, 0.1);
  interval.expect_failures(2h);
  EXPECT_NEAR(seconds(interval.every()), 12.0, 0.1);
  interval.measured(0s);
  EXPECT_EQ(interval.every(), automatic_min);
  interval.measured(1h);
  interval.expect_failures(1000h);
  EXPECT_EQ(interval.every(), automatic_max);
}

TEST(Interval, OneThatIsSetStays) {
  Interval interval(10min);
  interval.measured(1s);
  interval.expect_failures(1h);
  EXPECT_EQ(interval.every(), 10min);
  EXPECT_FALSE(Interval(Duration{0}).wanted());
}

}  // namespace
}  // namespace godwit::checkpoint
