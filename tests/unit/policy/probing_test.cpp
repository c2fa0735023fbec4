// Probing: who asks when, whom and how often, and what is answered.
#include "policy/probing.hpp"

#include <gtest/gtest.h>

#include <set>

namespace godwit::policy {
namespace {

using Question = Probe::Question;

constexpr Instant start{};

std::vector<Rank> ranks(std::int32_t count) {
  std::vector<Rank> all;
  for (std::int32_t rank = 1; rank <= count; ++rank) all.push_back(Rank{rank});
  return all;
}

Probing probing(Heuristic heuristic, std::int32_t threshold = 2, Duration back_off = 0s) {
  return {{.heuristic = heuristic, .threshold = threshold, .probe_limit = 3, .back_off = back_off},
          ranks(10)};
}

TEST(ProbingTest, ASenderAsksWhenAJobComesToALoadedHost) {
  Random random(1);
  auto sender = probing(Heuristic::sender);
  EXPECT_FALSE(sender.arrived(1, start, random));
  EXPECT_FALSE(sender.ended(0, start, random));
  auto const probe = sender.arrived(2, start, random);
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->what, Question::take);
}

TEST(ProbingTest, AReceiverAsksWhenAJobsEndLeavesItIdle) {
  Random random(1);
  auto receiver = probing(Heuristic::receiver, 1);
  EXPECT_FALSE(receiver.arrived(5, start, random));
  EXPECT_FALSE(receiver.ended(1, start, random));
  EXPECT_EQ(receiver.ended(0, start, random)->what, Question::give);
}

TEST(ProbingTest, SymmetricDoesBoth) {
  Random random(1);
  auto symmetric = probing(Heuristic::symmetric);
  EXPECT_EQ(symmetric.arrived(2, start, random)->what, Question::take);
  symmetric.agreed();
  EXPECT_EQ(symmetric.ended(1, start, random)->what, Question::give);
}

TEST(ProbingTest, ARoundAsksSoManyAndNoneTwice) {
  Random random(7);
  auto sender = probing(Heuristic::sender);
  std::set<Rank> ever;
  for (int round = 0; round < 100; ++round) {
    std::set<Rank> asked;
    for (auto probe = sender.arrived(2, start, random); probe; probe = sender.refused(start, random)) {
      EXPECT_TRUE(asked.insert(probe->whom).second);
      EXPECT_TRUE(sender.asks());
    }
    EXPECT_EQ(asked.size(), 3U);
    EXPECT_FALSE(sender.asks());
    ever.insert(asked.begin(), asked.end());
  }
  EXPECT_EQ(ever.size(), 10U);
}

TEST(ProbingTest, OfFewHostsEachIsAskedOnceAndAloneNobody) {
  Random random(1);
  Probing two({.heuristic = Heuristic::sender}, ranks(2));
  ASSERT_TRUE(two.arrived(2, start, random));
  EXPECT_TRUE(two.refused(start, random));
  EXPECT_FALSE(two.refused(start, random));
  EXPECT_FALSE(two.refused(start, random));  // a late answer
  two.set_others({});
  EXPECT_FALSE(two.arrived(9, start, random));
}

TEST(ProbingTest, OneRoundAtATime) {
  Random random(1);
  auto sender = probing(Heuristic::sender);
  ASSERT_TRUE(sender.arrived(2, start, random));
  EXPECT_FALSE(sender.arrived(3, start, random));
  sender.agreed();
  EXPECT_TRUE(sender.arrived(3, start, random));
}

TEST(ProbingTest, WhoAskedInVainBacksOffLongerEachTimeUntilSomebodyAgrees) {
  Random random(1);
  auto sender = probing(Heuristic::sender, 2, 1s);
  auto now = start;
  auto const in_vain = [&] {
    auto probe = sender.arrived(2, now, random);
    EXPECT_TRUE(probe);
    while (probe) probe = sender.refused(now, random);
  };
  for (auto const pause : {1s, 2s, 4s, 8s, 16s, 16s}) {
    in_vain();
    EXPECT_FALSE(sender.arrived(2, now + (pause - 1ns), random));
    now = now + pause;
  }
  ASSERT_TRUE(sender.arrived(2, now, random));
  sender.agreed();
  in_vain();
  EXPECT_TRUE(sender.arrived(2, now + 1s, random));
}

TEST(ProbingTest, Answers) {
  auto const host = probing(Heuristic::symmetric, 2);
  EXPECT_TRUE(host.answers(Question::take, 1));
  EXPECT_FALSE(host.answers(Question::take, 2));
  EXPECT_FALSE(host.answers(Question::give, 2));
  EXPECT_TRUE(host.answers(Question::give, 3));
  EXPECT_TRUE(host.answers(Question::take_this, 100));
}

TEST(ProbingTest, Names) {
  for (auto const heuristic :
       {Heuristic::random, Heuristic::sender, Heuristic::receiver, Heuristic::symmetric}) {
    EXPECT_EQ(*heuristic_of(to_string(heuristic)), heuristic);
  }
  EXPECT_EQ(heuristic_of("shouting").failure().code, "no_such_heuristic");
}

}  // namespace
}  // namespace godwit::policy
