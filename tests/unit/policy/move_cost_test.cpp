// What a move costs, from figures of earlier ones; and how long a job has left.
#include <gtest/gtest.h>

#include <chrono>

#include "policy/move_cost.hpp"
#include "policy/time_left.hpp"

namespace godwit::policy {
namespace {

constexpr std::uint64_t mib = 1 << 20;
constexpr Way way{.bytes_per_s = 100 * mib, .overhead = 10ms};

TEST(MoveCost, OfAJobThatIsStoppedAndCopied) {
  auto const cost = cost_of({.bytes = 200 * mib}, way);
  EXPECT_EQ(cost.bytes, 200 * mib);
  EXPECT_EQ(cost.copying, 2s);
  EXPECT_EQ(cost.stopped, 2s + 10ms);
  EXPECT_EQ(cost.whole(), cost.stopped);
  EXPECT_EQ(cost.rounds, 1);
  EXPECT_EQ(cost_of({}, way).stopped, 10ms);
}

// A tenth of the bandwidth is dirtied meanwhile: 100, 10, 1 and 0.1 MiB; the last of them frozen.
TEST(MoveCost, OfRoundsThatShrink) {
  auto const cost = cost_of({.bytes = 100 * mib, .dirty_bytes_per_s = 10 * mib}, way);
  EXPECT_EQ(cost.rounds, 4);
  EXPECT_NEAR(static_cast<double>(cost.bytes), 111.1 * mib, 0.1 * mib);
  EXPECT_NEAR(static_cast<double>(cost.stopped.count()), 11e6, 1e5);
  EXPECT_GT(cost.whole(), cost.stopped);
  EXPECT_LT(cost.whole(), 200ms);
  auto const working = cost_of({.bytes = 100 * mib, .dirty_bytes_per_s = 10 * mib, .working_bytes = 20 * mib}, way);
  EXPECT_EQ(working.rounds, 2) << "it won't get smaller than that";
  EXPECT_EQ(working.stopped, 200ms + 10ms);
}

TEST(MoveCost, OfAJobThatWritesFasterThanTheLink) {
  auto const cost = cost_of({.bytes = 200 * mib, .dirty_bytes_per_s = 100 * mib}, way);
  EXPECT_EQ(cost.rounds, 1);
  EXPECT_EQ(cost.stopped, 2s + 10ms);
}

TEST(MoveCost, OverflowsForNothing) {
  auto const cost = cost_of({.bytes = ~std::uint64_t{0}, .dirty_bytes_per_s = 1}, {.bytes_per_s = 0, .overhead = 1s});
  EXPECT_GT(cost.stopped, Duration{0});
}

TEST(Ways, AreLearnedAndFade) {
  Ways ways;
  EXPECT_EQ(ways.to(Rank{1}, false), Way{});
  for (int i = 0; i < 40; ++i) ways.learn(Rank{1}, false, {100 * mib, 1s, 1s + 8ms});
  auto const known = ways.to(Rank{1}, false);
  EXPECT_NEAR(static_cast<double>(known.bytes_per_s), 100.0 * mib, 1.0 * mib);
  EXPECT_NEAR(static_cast<double>(known.overhead.count()), 8e6, 1e5);
  EXPECT_EQ(ways.to(Rank{2}, false), ways.to(Rank{1}, false)) << "taken to be like the others";
  EXPECT_EQ(ways.to(Rank{1}, true), Way{}) << "not over the network";
  ways.learn(Rank{1}, false, {1000, 1ms, 40ms});
  EXPECT_EQ(ways.to(Rank{1}, false).bytes_per_s, known.bytes_per_s) << "a small image says nothing about that";
  EXPECT_GT(ways.to(Rank{1}, false).overhead, known.overhead);
}

TEST(TimeLeft, FromProgress) {
  EXPECT_EQ(time_left({.done_then = 100, .done_now = 200, .total = 1000, .elapsed = 10s, .ran = 1s}), 80s);
  EXPECT_EQ(time_left({.done_then = 0, .done_now = 1000, .total = 1000, .elapsed = 10s, .ran = 5s}), 0s);
}

TEST(TimeLeft, AsMuchAgainWhereNobodySays) {
  EXPECT_EQ(time_left({.done_then = 1, .done_now = 2, .total = 0, .elapsed = 10s, .ran = 77s}), 77s);
  EXPECT_EQ(time_left({.done_then = 2, .done_now = 2, .total = 9, .elapsed = 10s, .ran = 77s}), 77s);
}

TEST(TimeLeft, OfHugeNumbers) {
  auto const left = time_left({0, 1, ~std::uint64_t{0}, std::chrono::hours(1), 1s});
  EXPECT_GT(left, std::chrono::hours(24 * 365));
}

}  // namespace
}  // namespace godwit::policy
