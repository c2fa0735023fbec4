// Whose job is made to wait for whom.
#include <gtest/gtest.h>

#include "unit/policy/cluster.hpp"

namespace godwit::policy {
namespace {

Tuning quick(std::int64_t margin = 0) {
  return {.quantum_min = Duration{0}, .margin = margin};
}

// heavy has all four cores of two hosts, the last of them since second 3.
Cluster occupied(Tuning const& tuning, std::vector<AccountRule> const& rules = {},
                 std::string const& heavy = "heavy") {
  Cluster cluster("up-down", rules, tuning);
  cluster.hosts(2, 2);
  for (int i = 0; i < 4; ++i) {
    cluster.submit(heavy, cores(1), 1000s);
    cluster.place();
    cluster.now = cluster.now + 1s;
  }
  return cluster;
}

TEST(Preemption, TakesTheYoungestJobOfWhoHasTheHighestKey) {
  auto cluster = occupied(quick());
  cluster.submit("light", cores(1));
  cluster.scheduler.set_scores({{"heavy", 5000}, {"light", -1000}});
  ASSERT_FALSE(cluster.scheduler.next(cluster.now));
  auto const found = cluster.scheduler.preempt(cluster.now);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->victim, JobId{4});
  EXPECT_EQ(found->host, Rank{2});
  EXPECT_EQ(found->for_whom, JobId{5});
  EXPECT_EQ(cluster.path(found->victim_account), "heavy");
  EXPECT_EQ(cluster.path(found->account), "light");
  EXPECT_EQ(found->victim_key, 5000);
  EXPECT_EQ(found->key, -1000);
  EXPECT_FALSE(cluster.scheduler.preempt(cluster.now)) << "one for each request";
  cluster.put_back(found->victim);
  EXPECT_EQ(cluster.place(), (std::vector<JobId>{{5}})) << "the victim has the higher key";
}

TEST(Preemption, OnlyBeyondTheMargin) {
  for (std::int64_t const margin : {5999, 6000}) {
    auto cluster = occupied(quick(margin));
    cluster.submit("light", cores(1));
    cluster.scheduler.set_scores({{"heavy", 5000}, {"light", -1000}});
    EXPECT_EQ(cluster.scheduler.preempt(cluster.now).has_value(), margin == 5999);
  }
}

TEST(Preemption, OnlyOfWhatHasRunItsQuantum) {
  Tuning tuning = quick();
  tuning.quantum_min = 3s;
  auto cluster = occupied(tuning);  // the jobs have run 4, 3, 2 and 1 s
  cluster.submit("light", cores(1));
  cluster.scheduler.set_scores({{"heavy", 5000}});
  EXPECT_EQ(cluster.scheduler.preempt(cluster.now)->victim, JobId{2});
  tuning.quantum_min = 5s;
  auto young = occupied(tuning);
  young.submit("light", cores(1));
  young.scheduler.set_scores({{"heavy", 5000}});
  EXPECT_FALSE(young.scheduler.preempt(young.now));
}

// The oldest ends, and the next is no older for that; then it has run its quantum, and nothing else has changed.
TEST(Preemption, WhoWasTooYoungIsLookedAtAgainInTime) {
  Tuning tuning = quick();
  tuning.quantum_min = 10s;
  Cluster cluster("up-down", {{.path = "chem/anna"}, {.path = "chem/ben"}, {.path = "light"}}, tuning);
  cluster.hosts(1, 2);
  cluster.submit("chem/anna", cores(1), 1000s);
  cluster.place();
  cluster.now = at(5s);
  cluster.submit("chem/ben", cores(1), 1000s);
  cluster.place();
  auto const look = [&](Duration when) {
    cluster.tick(at(when) - cluster.now);
    cluster.scheduler.set_scores({{"chem", 5000}});
    return cluster.scheduler.preempt(cluster.now);
  };
  cluster.submit("light", cores(1), 1000s);
  EXPECT_FALSE(look(9s));
  cluster.end(JobId{1});
  EXPECT_EQ(cluster.place(), (std::vector<JobId>{{3}}));
  cluster.submit("light", cores(1), 1000s);
  EXPECT_FALSE(look(14s)) << "it began at 5 s";
  auto const found = look(15s);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->victim, JobId{2});
}

TEST(Preemption, NeverTwiceOfOneHostInAnInterval) {
  auto cluster = occupied(quick());
  for (int i = 0; i < 3; ++i) cluster.submit("light", cores(1), 1000s);
  cluster.scheduler.set_scores({{"heavy", 50000}});
  auto const first = cluster.scheduler.preempt(cluster.now), second = cluster.scheduler.preempt(cluster.now);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->host, second->host);
  EXPECT_NE(first->for_whom, second->for_whom);
  EXPECT_FALSE(cluster.scheduler.preempt(cluster.now));
  cluster.put_back(first->victim);
  cluster.put_back(second->victim);
  EXPECT_EQ(cluster.place().size(), 2u);
  cluster.tick();
  auto const third = cluster.scheduler.preempt(cluster.now);
  ASSERT_TRUE(third);
  EXPECT_EQ(third->for_whom, JobId{7});
}

TEST(Preemption, OnlyIfTheRequestFitsThen) {
  auto cluster = occupied(quick());
  cluster.submit("light", cores(2));
  cluster.scheduler.set_scores({{"heavy", 5000}});
  EXPECT_FALSE(cluster.scheduler.preempt(cluster.now)) << "two jobs would have to go";
  cluster.submit("light", {.cores = 1, .host = Rank{1}});
  cluster.tick();
  EXPECT_EQ(cluster.scheduler.preempt(cluster.now)->victim, JobId{3}) << "the youngest there";
}

TEST(Preemption, AVictimUnderWayIsAllThatARequestGets) {
  auto cluster = occupied(quick());
  cluster.submit("light", cores(1), 1000s);
  cluster.scheduler.set_scores({{"heavy", 50000}});
  auto const first = cluster.scheduler.preempt(cluster.now);
  ASSERT_TRUE(first);
  for (int i = 0; i < 3; ++i) {
    cluster.tick();
    EXPECT_FALSE(cluster.scheduler.preempt(cluster.now)) << "it is being checkpointed";
  }
  cluster.scheduler.stays(first->victim);
  cluster.tick();
  auto const again = cluster.scheduler.preempt(cluster.now);
  ASSERT_TRUE(again) << "it couldn't be made to wait";
  EXPECT_EQ(again->for_whom, first->for_whom);
  cluster.put_back(again->victim);
  EXPECT_EQ(cluster.place(), (std::vector<JobId>{first->for_whom}));
}

TEST(Preemption, AVictimWhoseRequestIsGoneMakesRoomForTheNext) {
  auto cluster = occupied(quick());
  cluster.submit("light", cores(1), 1000s);
  cluster.scheduler.set_scores({{"heavy", 50000}});
  auto const first = cluster.scheduler.preempt(cluster.now);
  ASSERT_TRUE(first);
  cluster.scheduler.leave(first->for_whom);
  cluster.submit("light", cores(1), 1000s);
  EXPECT_FALSE(cluster.scheduler.preempt(cluster.now)) << "that victim will do";
  cluster.submit("light", cores(1), 1000s);
  auto const second = cluster.scheduler.preempt(cluster.now);
  ASSERT_TRUE(second) << "but not for two";
  EXPECT_NE(second->victim, first->victim);
  EXPECT_EQ(second->for_whom, JobId{7});
}

TEST(Preemption, IsDecidedWhereThePathsPart) {
  auto cluster =
      occupied(quick(), {{.path = "chem/anna"}, {.path = "chem/ben"}, {.path = "bio"}}, "chem/anna");
  cluster.submit("bio", cores(1));
  cluster.scheduler.set_scores({{"chem", -500}, {"chem/anna", 9000}, {"bio", 0}});
  EXPECT_FALSE(cluster.scheduler.preempt(cluster.now)) << "her group has the lower key";
  cluster.submit("chem/ben", cores(1));
  cluster.tick();
  cluster.scheduler.set_scores({{"chem", -500}, {"chem/anna", 9000}, {"chem/ben", 100}, {"bio", 0}});
  auto const found = cluster.scheduler.preempt(cluster.now);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->for_whom, JobId{6});
  EXPECT_EQ(cluster.path(found->victim_account), "chem/anna");
  EXPECT_EQ(found->key, 100);
}

TEST(Preemption, LeavesAMovingJobAlone) {
  Cluster cluster("up-down", {}, quick());
  cluster.hosts(2, 1);
  Request const heavy{.job = JobId{9}, .account = "heavy", .demand = cores(1)};
  cluster.scheduler.occupy(heavy, Rank{1}, {});
  cluster.scheduler.occupy(heavy, Rank{2}, {});
  cluster.submit("light", cores(1));
  cluster.scheduler.set_scores({{"heavy", 5000}});
  EXPECT_FALSE(cluster.scheduler.preempt(at(100s)));
}

TEST(Preemption, IsNotForOtherPolicies) {
  for (auto const* policy : {"fair-tree", "fcfs", "easy", "round-robin", "random", "decay"}) {
    Cluster cluster(policy, {}, quick());
    cluster.hosts(1, 1);
    cluster.submit("heavy", cores(1), 1000s);
    cluster.place();
    for (int i = 0; i < 10; ++i) cluster.tick();
    cluster.submit("light", cores(1));
    EXPECT_FALSE(cluster.scheduler.preempt(cluster.now)) << policy;
  }
}

}  // namespace
}  // namespace godwit::policy
