// In order, backfilling, by lot; caps, owned hosts, groups of jobs that stay together or apart.
#include <gtest/gtest.h>

#include "unit/policy/cluster.hpp"

namespace godwit::policy {
namespace {

using Jobs = std::vector<JobId>;

// ---- in order

TEST(InOrder, NobodyPassesTheOldest) {
  Cluster cluster("fcfs");
  cluster.hosts(1, 4);
  cluster.submit("anna", cores(3), 10s);
  cluster.submit("ben", cores(2), 10s);
  cluster.submit("anna", cores(1), 10s);
  EXPECT_EQ(cluster.place(), (Jobs{{1}}));
  cluster.end(JobId{1});
  EXPECT_EQ(cluster.place(), (Jobs{{2}, {3}}));
}

TEST(InOrder, WhatNoHostCanTakeHoldsNobodyUp) {
  Cluster cluster("fcfs");
  cluster.hosts(1, 4);
  cluster.submit("anna", cores(5));
  cluster.submit("ben", {.cores = 1, .host = Rank{7}});
  cluster.submit("ben", cores(2));
  EXPECT_EQ(cluster.place(), (Jobs{{3}}));
  cluster.host(Rank{2}, {.cores = 5});
  EXPECT_EQ(cluster.place(), (Jobs{{1}}));
}

TEST(InOrder, PriorityCountsWithinAnAccountOnly) {
  Cluster cluster("fcfs");
  cluster.hosts(1, 1);
  cluster.submit("anna", cores(1));
  cluster.submit("ben", cores(1), 1s, 9);
  EXPECT_EQ(cluster.scheduler.next({})->job, JobId{1});
}

// ---- backfilling

TEST(Backfill, StartsWhatEndsBeforeTheOldestCan) {
  Cluster cluster("easy");
  cluster.hosts(1, 4);
  cluster.submit("anna", cores(3), 10s);  // until 10
  cluster.place();
  cluster.submit("anna", cores(4), 5s);  // at 10
  cluster.submit("ben", cores(1), 11s);  // would delay it
  cluster.submit("ben", cores(1), 10s);  // ends just in time
  EXPECT_EQ(cluster.place(), (Jobs{{4}}));
}

TEST(Backfill, StartsWhatNeedsNoneOfItsRoom) {
  Cluster cluster("easy");
  cluster.hosts(1, 4);
  cluster.submit("anna", cores(2), 10s);
  cluster.place();
  cluster.submit("anna", cores(3), 5s);
  cluster.submit("ben", cores(1), 100s);  // one core stays spare
  cluster.submit("ben", cores(1), 100s);  // but not two
  EXPECT_EQ(cluster.place(), (Jobs{{3}}));
}

TEST(Backfill, WhatIsUnknownNeverEnds) {
  Cluster cluster("easy");
  cluster.hosts(1, 4);
  cluster.submit("anna", cores(2), 10s);
  cluster.place();
  cluster.submit("anna", cores(4), 5s);
  cluster.submit("ben", cores(1), 0s);
  EXPECT_EQ(cluster.place(), Jobs{});
}

TEST(Backfill, TheReservationIsWhereItIsEarliest) {
  Cluster cluster("easy");
  cluster.hosts(2, 4);
  cluster.submit("anna", cores(3), 20s);  // on host 1
  cluster.submit("anna", cores(3), 10s);  // on host 2
  cluster.place();
  cluster.submit("anna", cores(4), 5s);  // on host 2, at 10
  cluster.submit("ben", {.cores = 1, .host = Rank{2}}, 15s);
  cluster.submit("ben", cores(1), 100s);  // on the other host it delays nobody
  EXPECT_EQ(cluster.place(), (Jobs{{5}}));
  EXPECT_EQ(cluster.jobs[JobId{5}].host, Rank{1});
}

TEST(Backfill, WhoRunsBeyondTheEstimateMayEndAnyTime) {
  Cluster cluster("easy");
  cluster.hosts(1, 4);
  Request const late{.job = JobId{100}, .account = "anna", .demand = cores(3), .estimate = 10s};
  cluster.scheduler.occupy(late, Rank{1}, at(0s));
  cluster.now = at(30s);
  cluster.submit("anna", cores(4), 5s);
  cluster.submit("ben", cores(1), 1s);
  EXPECT_EQ(cluster.place(), Jobs{}) << "it would end after now";
}

// ---- by lot

TEST(Lottery, EachRequestIsAsLikely) {
  std::map<std::string, int> wins;
  for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
    Cluster cluster("random", {}, {.seed = seed});
    cluster.hosts(1, 1);
    cluster.submit("anna", cores(1));
    for (int i = 0; i < 3; ++i) cluster.submit("ben", {.cores = 1, .memory_bytes = 1});
    cluster.submit("carl", cores(2));
    auto const placement = cluster.scheduler.next({});
    ++wins[cluster.jobs[placement->job].request.account];
    EXPECT_EQ(cluster.scheduler.next({})->job, placement->job) << "asked twice: the same";
  }
  EXPECT_NEAR(wins["anna"], 1000, 100);
  EXPECT_NEAR(wins["ben"], 3000, 100);
  EXPECT_EQ(wins["carl"], 0) << "it doesn't fit";
}

TEST(Lottery, DrawsNobodyAtItsCap) {
  Cluster cluster("random", {{.path = "anna", .cores_max = 1}});
  cluster.hosts(1, 4);
  for (int i = 0; i < 50; ++i) cluster.submit("anna", cores(1));
  cluster.submit("ben", cores(1));
  EXPECT_EQ(cluster.place().size(), 2u);
  EXPECT_EQ(cluster.running("ben"), 1);
}

// ---- round-robin

TEST(RoundRobin, ServesWhoWasServedLongestAgo) {
  Cluster cluster("round-robin");
  cluster.hosts(1, 6);
  for (int i = 0; i < 4; ++i) cluster.submit("anna", cores(1));
  cluster.submit("ben", cores(1));
  cluster.submit("carl", cores(1));
  cluster.submit("ben", cores(1));
  EXPECT_EQ(cluster.place(), (Jobs{{1}, {5}, {6}, {2}, {7}, {3}}));
}

// ---- caps

TEST(Caps, HoldAnAccountAndAGroup) {
  for (auto const* policy : {"up-down", "fcfs", "easy", "random", "fair-tree"}) {
    Cluster cluster(policy, {{.path = "chem", .cores_max = 5}, {.path = "chem/anna", .cores_max = 3}});
    cluster.hosts(2, 8);
    for (int i = 0; i < 4; ++i) cluster.submit("chem/anna", cores(2), 10s);
    for (int i = 0; i < 4; ++i) cluster.submit("chem/ben", cores(2), 10s);
    cluster.submit("bio", cores(1), 10s);
    cluster.place();
    EXPECT_EQ(cluster.running("chem/anna"), 2) << policy;
    EXPECT_EQ(cluster.running("chem/ben"), 2) << policy;
    EXPECT_EQ(cluster.running("bio"), 1) << policy << ": who is at its cap holds nobody else up";
    EXPECT_EQ(cluster.scheduler.why_waiting(JobId{2}).what, Waiting::For::cap) << policy;
  }
}

TEST(Caps, AreLiftedWithTheTree) {
  Cluster cluster("up-down", {{.path = "anna", .cores_max = 1}});
  cluster.hosts(1, 4);
  cluster.submit("anna", cores(1));
  cluster.submit("anna", cores(1));
  EXPECT_EQ(cluster.place(), (Jobs{{1}}));
  cluster.scheduler.set_tree(tree_of({{.path = "anna"}}));
  EXPECT_EQ(cluster.place(), (Jobs{{2}}));
}

// ---- owned hosts

TEST(OwnedHosts, CostTheirOwnerNothing) {
  Cluster cluster("up-down",
                  {{.path = "chem/anna", .hosts = {Rank{1}}}, {.path = "chem/ben"}, {.path = "bio"}});
  cluster.hosts(2, 4);
  auto const charged = [&](std::string_view path) {
    auto const& tree = cluster.scheduler.tree();
    return tree[*tree.find(path)].standing.charged_millicores;
  };
  cluster.scheduler.occupy({.job = JobId{1}, .account = "chem/anna", .demand = cores(2)}, Rank{1}, {});
  EXPECT_EQ(charged("chem/anna"), 0);
  EXPECT_EQ(charged("chem"), 0);
  cluster.scheduler.occupy({.job = JobId{2}, .account = "chem/ben", .demand = cores(1)}, Rank{1}, {});
  EXPECT_EQ(charged("chem/ben"), 1000) << "it is anna's";
  EXPECT_EQ(charged("chem"), 0) << "but the group's all the same";
  cluster.scheduler.occupy({.job = JobId{3}, .account = "bio", .demand = cores(1)}, Rank{1}, {});
  cluster.scheduler.occupy({.job = JobId{1}, .account = "chem/anna", .demand = cores(2)}, Rank{2}, {});
  EXPECT_EQ(charged("bio"), 1000);
  EXPECT_EQ(charged("chem/anna"), 0) << "it is still on the way";
  cluster.scheduler.release(JobId{1}, Rank{1});
  EXPECT_EQ(charged("chem/anna"), 2000);
  EXPECT_EQ(charged("chem"), 2000);
}

// ---- together, apart

TEST(Groups, StayTogether) {
  Cluster cluster("up-down");
  cluster.hosts(2, 4);
  for (int i = 0; i < 3; ++i) cluster.submit("anna", {.cores = 2, .together = "pair"});
  EXPECT_EQ(cluster.place(), (Jobs{{1}, {2}}));
  EXPECT_EQ(cluster.jobs[JobId{1}].host, cluster.jobs[JobId{2}].host);
  auto const why = cluster.scheduler.why_waiting(JobId{3});
  EXPECT_EQ(why.what, Waiting::For::room);
  EXPECT_EQ(why.hosts, (std::vector<std::string>{"host 1: 0 of 4 cores are free",
                                                 "host 2: the group pair is elsewhere"}));
  cluster.end(JobId{1});
  EXPECT_EQ(cluster.place(), (Jobs{{3}}));
  cluster.end(JobId{2});
  cluster.end(JobId{3});
  cluster.submit("anna", {.cores = 3, .host = Rank{2}, .together = "pair"});
  EXPECT_EQ(cluster.place(), (Jobs{{4}})) << "with the last of them gone it is anywhere again";
}

TEST(Groups, StayApart) {
  Cluster cluster("up-down");
  cluster.hosts(2, 4);
  for (int i = 0; i < 3; ++i) cluster.submit("anna", {.cores = 1, .apart = "replicas"});
  EXPECT_EQ(cluster.place(), (Jobs{{1}, {2}}));
  EXPECT_NE(cluster.jobs[JobId{1}].host, cluster.jobs[JobId{2}].host);
  EXPECT_EQ(cluster.scheduler.why_waiting(JobId{3}).hosts.front(),
            "host 1: a job of the group replicas is there");
}

}  // namespace
}  // namespace godwit::policy
