// The scheduler's choices, one at a time: who is next, where, and why.
#include <gtest/gtest.h>

#include "unit/policy/cluster.hpp"

namespace godwit::policy {
namespace {

using Jobs = std::vector<JobId>;

TEST(Scheduler, WithNothingInLineThereIsNothing) {
  Cluster cluster("up-down");
  EXPECT_FALSE(cluster.scheduler.next({}));
  cluster.submit("anna", cores(1));
  EXPECT_FALSE(cluster.scheduler.next({})) << "there is no host";
  cluster.hosts(1, 1);
  ASSERT_TRUE(cluster.scheduler.next({}));
  EXPECT_EQ(cluster.scheduler.next({})->job, JobId{1}) << "asked twice: the same";
}

TEST(Scheduler, EqualAccountsTakeTurnsByWhatTheyRun) {
  Cluster cluster("up-down");
  cluster.hosts(1, 4);
  for (int i = 0; i < 4; ++i) cluster.submit("anna", cores(1));
  for (int i = 0; i < 4; ++i) cluster.submit("ben", cores(1));
  EXPECT_EQ(cluster.place(), (Jobs{{1}, {5}, {2}, {6}}));
}

TEST(Scheduler, WithinAnAccountPriorityThenAge) {
  Cluster cluster("up-down");
  cluster.hosts(1, 8);
  cluster.submit("anna", cores(1));
  cluster.submit("anna", cores(1), 1s, 5);
  cluster.submit("anna", cores(2), 1s, 5);
  cluster.submit("anna", cores(1), 1s, -1);
  EXPECT_EQ(cluster.place(), (Jobs{{2}, {3}, {1}, {4}}));
}

TEST(Scheduler, ElementsOfAnArrayGoInTheirOrder) {
  Scheduler scheduler({}, policy_named("up-down"), {});
  scheduler.set_host(Rank{1}, {.cores = 1}, true);
  auto const second = JobId::of_element(1, 2), first = JobId::of_element(1, 1);
  scheduler.wait({.job = JobId{2}, .account = "anna"});
  scheduler.wait({.job = second, .account = "anna"});
  scheduler.wait({.job = first, .account = "anna"});
  EXPECT_EQ(scheduler.next({})->job, first);
}

TEST(Scheduler, SpreadsUnlessToldToConsolidate) {
  Cluster spread("up-down");
  spread.hosts(2, 4);
  for (int i = 0; i < 3; ++i) spread.submit("anna", cores(1));
  spread.place();
  EXPECT_EQ(spread.jobs[JobId{1}].host, Rank{1});
  EXPECT_EQ(spread.jobs[JobId{2}].host, Rank{2});
  EXPECT_EQ(spread.jobs[JobId{3}].host, Rank{1});
  Cluster together("up-down", {}, {.goal = Goal::consolidate});
  together.hosts(2, 4);
  for (int i = 0; i < 5; ++i) together.submit("anna", cores(1));
  together.place();
  for (std::uint64_t i = 1; i <= 4; ++i) EXPECT_EQ(together.jobs[JobId{i}].host, Rank{1});
  EXPECT_EQ(together.jobs[JobId{5}].host, Rank{2});
}

TEST(Scheduler, GoesBackToWhereItWasForLocality) {
  Scheduler scheduler({.goal = Goal::locality}, policy_named("up-down"), {});
  for (int i = 1; i <= 3; ++i) scheduler.set_host(Rank{i}, {.cores = 2}, true);
  scheduler.wait({.job = JobId{1}, .account = "anna", .last = Rank{3}});
  EXPECT_EQ(scheduler.next({})->host, Rank{3});
  scheduler.set_host(Rank{3}, {.cores = 2}, false);
  EXPECT_EQ(scheduler.next({})->host, Rank{1}) << "it takes no new jobs";
}

TEST(Scheduler, SaysWhy) {
  Cluster cluster("up-down", {{.path = "chem/anna"}, {.path = "bio"}});
  cluster.hosts(2, 4);
  cluster.submit("chem/anna", cores(1));
  cluster.submit("bio", cores(1));
  cluster.scheduler.set_scores({{"chem", -3000}, {"bio", 2000}});
  auto const first = cluster.scheduler.next({});
  ASSERT_TRUE(first);
  EXPECT_EQ(cluster.path(first->why.account), "chem/anna");
  EXPECT_EQ(cluster.path(first->why.branch), "chem");
  EXPECT_EQ(first->why.key, -3000);
  ASSERT_TRUE(first->why.runner_up);
  EXPECT_EQ(cluster.path(*first->why.runner_up), "bio");
  EXPECT_EQ(first->why.runner_up_key, 2000);
  EXPECT_EQ(first->why.waiting, 2);
  EXPECT_EQ(first->why.free_cores, 4);
  EXPECT_EQ(first->why.hosts_that_fit, 2);
}

TEST(Scheduler, AMovingJobTakesTwoRoomsAndCountsOnce) {
  Cluster cluster("up-down");
  cluster.hosts(2, 2);
  Request const job{.job = JobId{9}, .account = "anna", .demand = cores(2)};
  cluster.scheduler.occupy(job, Rank{1}, at(1s));
  cluster.scheduler.occupy(job, Rank{2}, at(2s));
  auto const anna = *cluster.scheduler.tree().find("anna");
  EXPECT_EQ(cluster.scheduler.tree()[anna].standing.running_millicores, 2000);
  cluster.submit("ben", cores(1));
  EXPECT_FALSE(cluster.scheduler.next({}));
  cluster.scheduler.release(JobId{9}, Rank{1});
  EXPECT_EQ(cluster.scheduler.tree()[anna].standing.running_millicores, 2000);
  EXPECT_EQ(cluster.scheduler.next({})->host, Rank{1});
  cluster.scheduler.release(JobId{9}, Rank{2});
  EXPECT_EQ(cluster.scheduler.tree()[anna].standing.running_millicores, 0);
}

TEST(Scheduler, AHostThatIsGoneGivesNothingBack) {
  Cluster cluster("up-down");
  cluster.hosts(2, 1);
  cluster.submit("anna", cores(1));
  cluster.submit("anna", cores(1));
  cluster.place();
  cluster.scheduler.remove_host(Rank{1});
  EXPECT_EQ(cluster.scheduler.tree()[*cluster.scheduler.tree().find("anna")].standing.running_millicores,
            1000);
  cluster.scheduler.release(JobId{1}, Rank{1});  // nothing is there any more
  cluster.submit("ben", cores(1));
  EXPECT_FALSE(cluster.scheduler.next({}));
}

TEST(Scheduler, AnAccountWithJobsMayBecomeAGroup) {
  Cluster cluster("up-down");
  cluster.hosts(1, 2);
  cluster.submit("chem", cores(1));
  cluster.submit("chem", cores(1));
  cluster.submit("chem", cores(1));
  cluster.place();
  cluster.submit("chem/anna", cores(1));
  auto const& tree = cluster.scheduler.tree();
  EXPECT_EQ(tree[*tree.find("chem/-")].standing.running_millicores, 2000);
  EXPECT_EQ(tree[*tree.find("chem")].standing.waiting, 2);
  cluster.end(JobId{1});
  cluster.end(JobId{2});
  EXPECT_EQ(tree[*tree.find("chem")].standing.running_millicores, 0);
  EXPECT_EQ(cluster.place(), (Jobs{{3}, {4}}));
}

TEST(Scheduler, HeadsAreOnePerDemandBestFirst) {
  Cluster cluster("up-down");
  cluster.hosts(1, 1);
  cluster.submit("anna", cores(1), 100s);
  cluster.place();
  cluster.submit("anna", cores(1));
  cluster.submit("anna", cores(2));
  cluster.submit("ben", cores(1));
  cluster.submit("ben", cores(1));
  EXPECT_EQ(cluster.scheduler.heads(), (Jobs{{4}, {3}}));
}

}  // namespace
}  // namespace godwit::policy
