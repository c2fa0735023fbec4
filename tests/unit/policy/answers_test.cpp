// What is said about a request that waits, and about one that no host can ever take.
#include <gtest/gtest.h>

#include "unit/policy/cluster.hpp"

namespace godwit::policy {
namespace {

using Words = std::vector<std::string>;

TEST(WhyWaiting, ForNothingItIsNext) {
  Cluster cluster("up-down");
  cluster.hosts(1, 2);
  cluster.submit("anna", cores(1));
  EXPECT_EQ(cluster.scheduler.why_waiting(JobId{1}).what, Waiting::For::nothing);
}

TEST(WhyWaiting, ForItsTurn) {
  Cluster cluster("up-down");
  cluster.hosts(1, 2);
  cluster.submit("anna", cores(1));
  cluster.submit("anna", cores(2));
  cluster.submit("anna", cores(1));
  cluster.submit("ben", cores(1));
  cluster.submit("carl", cores(1));
  cluster.scheduler.set_scores({{"anna", 3000}, {"ben", 2000}, {"carl", 1000}});
  auto const why = cluster.scheduler.why_waiting(JobId{3});
  EXPECT_EQ(why.what, Waiting::For::turn);
  EXPECT_EQ(why.ahead_in_account, 2u);
  Words ahead;
  for (auto const node : why.ahead) ahead.push_back(cluster.path(node));
  EXPECT_EQ(ahead, (Words{"carl", "ben"}));
}

TEST(WhyWaiting, ForRoom) {
  Cluster cluster("up-down");
  cluster.hosts(2, 4);
  cluster.host(Rank{3}, {.cores = 2});
  cluster.host(Rank{4}, {.cores = 8}, false);
  cluster.submit("anna", cores(2));
  cluster.submit("anna", cores(2));
  cluster.place();
  cluster.submit("ben", cores(4));
  auto const why = cluster.scheduler.why_waiting(JobId{3});
  EXPECT_EQ(why.what, Waiting::For::room);
  EXPECT_EQ(why.hosts, (Words{"host 1: 2 of 4 cores are free", "host 2: 2 of 4 cores are free",
                              "host 3: has 2 cores", "host 4: takes no new jobs"}));
}

TEST(WhyWaiting, ForEver) {
  Cluster cluster("up-down");
  cluster.hosts(1, 4);
  cluster.submit("anna", cores(5));
  cluster.submit("anna", {.cores = 1, .host = Rank{9}});
  EXPECT_EQ(cluster.scheduler.why_waiting(JobId{1}).what, Waiting::For::never);
  EXPECT_EQ(cluster.scheduler.why_waiting(JobId{1}).hosts, (Words{"host 1: has 4 cores"}));
  EXPECT_EQ(cluster.scheduler.why_waiting(JobId{2}).hosts, (Words{"there is no host 9"}));
  cluster.host(Rank{9}, {.cores = 5});
  EXPECT_EQ(cluster.scheduler.why_waiting(JobId{1}).what, Waiting::For::nothing) << "a host has come";
}

TEST(WhyWaiting, NamesEightHostsAtMost) {
  Cluster cluster("up-down");
  cluster.hosts(20, 1);
  cluster.submit("anna", cores(2));
  EXPECT_EQ(cluster.scheduler.why_waiting(JobId{1}).hosts.size(), 8u);
}

TEST(NeverFits, SaysWhy) {
  Cluster cluster("up-down");
  auto const& scheduler = cluster.scheduler;
  EXPECT_EQ(scheduler.never_fits(cores(100)), std::nullopt) << "no host has come yet";
  cluster.host(Rank{1}, {.cores = 4});
  EXPECT_EQ(scheduler.never_fits(cores(4)), std::nullopt);
  EXPECT_EQ(scheduler.never_fits(cores(5)), "host 1 has 4 cores");
  cluster.hosts(3, 4);
  EXPECT_EQ(scheduler.never_fits(cores(5)), "each host has 4 cores");
  EXPECT_EQ(scheduler.never_fits({.resources = {{"gpu", 1}}}), "each host has 0 gpu");
  cluster.host(Rank{4}, {.cores = 8, .labels = {"big"}});
  EXPECT_EQ(scheduler.never_fits(cores(5)), std::nullopt);
  EXPECT_EQ(scheduler.never_fits(cores(9)), "host 1 (and 2 more) has 4 cores; host 4 has 8 cores");
  EXPECT_EQ(scheduler.never_fits({.cores = 5, .host = Rank{2}}), "host 2 has 4 cores");
  EXPECT_EQ(scheduler.never_fits({.cores = 1, .host = Rank{7}}), "there is no host 7");
}

TEST(Order, WhoHasRequestsThenWhoHasNone) {
  Cluster cluster("up-down");
  cluster.hosts(1, 1);
  cluster.submit("anna", cores(1));
  cluster.submit("ben", cores(1));
  cluster.submit("carl", cores(1));
  cluster.scheduler.set_scores({{"anna", 3000}, {"ben", -1000}, {"idle", -9000}});
  Words order;
  for (auto const node : cluster.scheduler.order()) order.push_back(cluster.path(node));
  EXPECT_EQ(order, (Words{"ben", "carl", "anna", "idle"}));
}

TEST(Cap, NothingOfItMayStart) {
  Cluster cluster("up-down",
                  {{.path = "chem/anna"}, {.path = "chem", .cores_max = 2}, {.path = "ben", .cores_max = 3}});
  cluster.hosts(1, 8);
  auto const is_at_its_cap = [&](char const* path) {
    return cluster.scheduler.is_at_its_cap(*cluster.scheduler.tree().find(path));
  };
  EXPECT_FALSE(is_at_its_cap("chem/anna")) << "it has no requests";
  cluster.submit("chem/anna", cores(2));
  cluster.submit("ben", cores(2));
  EXPECT_FALSE(is_at_its_cap("chem/anna"));
  cluster.place();
  EXPECT_FALSE(is_at_its_cap("chem/anna")) << "it has no requests any more";
  cluster.submit("chem/anna", cores(1));
  cluster.submit("ben", cores(2));
  EXPECT_TRUE(is_at_its_cap("chem/anna")) << "its group is";
  EXPECT_TRUE(is_at_its_cap("ben")) << "it may have one core more, and wants two";
  cluster.submit("ben", cores(1));
  EXPECT_FALSE(is_at_its_cap("ben"));
}

TEST(Scores, SurviveAnotherSchedulerAndAnotherTree) {
  Cluster cluster("up-down", {{.path = "chem/anna", .shares = 2}, {.path = "bio"}});
  cluster.hosts(1, 4);
  cluster.submit("chem/anna", cores(4), 1000s);
  cluster.place();
  cluster.submit("bio", cores(1), 1000s);
  for (int i = 0; i < 5; ++i) cluster.tick();
  auto const scores = cluster.scheduler.scores();
  EXPECT_EQ(scores,
            (std::map<std::string, std::int64_t>{{"bio", -10'000}, {"chem", 10'000}, {"chem/anna", 10'000}}));
  Scheduler other({}, policy_named("up-down"), {});
  other.set_scores(scores);
  EXPECT_EQ(other.scores(), scores);
  cluster.scheduler.set_tree(tree_of({{.path = "chem/anna"}, {.path = "chem/ben"}, {.path = "math"}}));
  EXPECT_EQ(cluster.scheduler.scores(), scores);
  auto const& tree = cluster.scheduler.tree();
  EXPECT_EQ(tree[*tree.find("chem")].standing.running_millicores, 4000);
  EXPECT_EQ(tree[*tree.find("bio")].standing.waiting, 1);
  cluster.end(JobId{1});
  EXPECT_EQ(cluster.place(), (std::vector<JobId>{{2}}));
}

}  // namespace
}  // namespace godwit::policy
