// What `godwit` makes of a Slurm allocation's environment, and the command line that follows from it. No
// Slurm.
#include "app/godwit/launcher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace godwit::cli {
namespace {

using Variables = std::map<std::string, std::string>;

Result<std::optional<SlurmAllocation>> read(Variables const& variables,
                                            std::vector<std::string> const& names) {
  return slurm_allocation(
      [&](char const* name) -> std::optional<std::string> {
        auto const at = variables.find(name);
        return at == variables.end() ? std::nullopt : std::optional(at->second);
      },
      [&](std::string const&) -> Result<std::vector<std::string>> { return names; });
}

Variables with(Variables more) {
  more.insert(
      {{"SLURM_JOB_ID", "12"}, {"SLURM_JOB_NODELIST", "n[1-3]"}, {"SLURM_JOB_CPUS_PER_NODE", "8(x2),4"}});
  return more;
}

SlurmAllocation three(Variables const& more) {
  auto const allocation = read(with(more), {"n1", "n2", "n3"});
  EXPECT_TRUE(allocation && *allocation);
  return **allocation;
}

bool has(LaunchPlan const& plan, std::string const& word) {
  return std::ranges::find(plan.words, word) != plan.words.end();
}

TEST(SlurmCounts, AsSlurmWritesThem) {
  using Counts = std::vector<std::int32_t>;
  EXPECT_EQ(counts_of("4"), Counts({4}));
  EXPECT_EQ(counts_of("4(x3)"), Counts({4, 4, 4}));
  EXPECT_EQ(counts_of("2,4(x2),1"), Counts({2, 4, 4, 1}));
  for (auto const* bad : {"", "x", "4(x", "4(x3", "4,", "4 ", "-1", "4(x999999999)"})
    EXPECT_FALSE(counts_of(bad)) << bad;
}

TEST(SlurmAllocation, OutsideOfOneThereIsNone) {
  auto const none = read({{"SLURM_NTASKS", "3"}}, {});
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
}

TEST(SlurmAllocation, OneHostPerNodeUnlessTasksWereAskedFor) {
  auto const whole = three({{"SLURM_TASKS_PER_NODE", "8(x2),4"}});  // what Slurm says when nobody asked
  EXPECT_EQ(whole.hosts(), 3);
  EXPECT_EQ(whole.slots(), 4);  // the least
  EXPECT_EQ(whole.places(), std::vector<std::string>({"n1", "n1", "n2", "n3"}));

  auto const tasks =
      three({{"SLURM_NTASKS", "5"}, {"SLURM_TASKS_PER_NODE", "2(x2),1"}, {"SLURM_CPUS_PER_TASK", "3"}});
  EXPECT_EQ(tasks.hosts(), 5);
  EXPECT_EQ(tasks.slots(), 3);
  EXPECT_EQ(tasks.places(), std::vector<std::string>({"n1", "n1", "n1", "n2", "n2", "n3"}));
}

TEST(SlurmAllocation, AnotherNumberOfHosts) {
  auto const four = three({}).with_hosts(4);
  EXPECT_EQ(four.places(), std::vector<std::string>({"n1", "n1", "n1", "n2", "n3"}));
  EXPECT_EQ(four.slots(), 4);
  auto const one = three({}).with_hosts(1);
  EXPECT_EQ(one.places(), std::vector<std::string>({"n1", "n1"}));
  EXPECT_EQ(one.slots(), 8);
  EXPECT_EQ(one.nodes.size(), 1U);
}

TEST(SlurmAllocation, WhatIsntUnderstoodIsSaid) {
  auto const count =
      read(with({{"SLURM_NTASKS", "3"}, {"SLURM_TASKS_PER_NODE", "1(x2)"}}), {"n1", "n2", "n3"});
  ASSERT_FALSE(count);
  EXPECT_NE(count.failure().context.find("SLURM_TASKS_PER_NODE=1(x2)"), std::string::npos);
  EXPECT_FALSE(read(with({{"SLURM_CPUS_PER_TASK", "many"}}), {"n1", "n2", "n3"}));
  EXPECT_FALSE(read(with({}), {}));
}

TEST(LaunchPlan, SrunWithRankZeroBesideAHost) {
  auto const plan = plan_in_slurm("/store", {}, three({}), true);
  EXPECT_EQ(plan.hosts, 3);
  for (auto const* word :
       {"srun", "--mpi=pmix", "--no-kill", "--kill-on-bad-exit=0", "--wait=0", "--overcommit",
        "--distribution=arbitrary", "--nodes=3", "--ntasks=4", "--slots", "4"})
    EXPECT_TRUE(has(plan, word)) << word;
  EXPECT_EQ(plan.places.size(), 4U);
  auto const spelled = plan.spell();
  EXPECT_NE(spelled.find("SLURM_HOSTFILE=/store/log/nodes PMIX_MCA_gds=hash "), std::string::npos) << spelled;
  ASSERT_EQ(plan.notes.size(), 2U);
  EXPECT_EQ(plan.notes[0], "Slurm job 12: 3 hosts with 4 slots each on 3 nodes (n1 n2 n3); rank 0 on n1");
  EXPECT_EQ(plan.notes[1], "launching: " + spelled);
}

TEST(LaunchPlan, FewerHostsThanNodes) {
  auto const plan = plan_in_slurm("/store", {.hosts = 2, .slots = 7}, three({}), true);
  EXPECT_TRUE(has(plan, "--nodes=2") && has(plan, "--ntasks=3") && has(plan, "7"));
}

TEST(LaunchPlan, MpirunWhereSrunHasNoPmix) {
  auto const plan = plan_in_slurm("/my store", {}, three({}), false);
  for (auto const* word : {"mpirun", "--enable-recovery", "--host", "n1:2,n2:1,n3:1"})
    EXPECT_TRUE(has(plan, word)) << word;
  EXPECT_TRUE(plan.places.empty());
  EXPECT_NE(plan.spell().find("--store '/my store'"), std::string::npos);
  EXPECT_NE(plan.notes[1].find("the loss of a node will end the whole runtime"), std::string::npos);
}

TEST(LaunchPlan, WithoutSlurm) {
  auto const plan = plan_here("/store", {}, 6);
  EXPECT_EQ(plan.hosts, 6);
  EXPECT_TRUE(has(plan, "mpirun") && has(plan, "7"));
  EXPECT_FALSE(has(plan, "--slots") || has(plan, "--host"));
  EXPECT_EQ(plan.notes, std::vector<std::string>{"launching: " + plan.spell()});
}

TEST(LaunchPlan, HandsOnWhatHostsHave) {
  LaunchOptions options;
  options.overbook = 150;
  options.capabilities = {"1: bigmem gpu=0,1", "all: licence=a"};
  for (auto const& plan : {plan_here("/store", options, 2), plan_in_slurm("/store", options, three({}), true)}) {
    for (auto const* word : {"--overbook", "150", "--capability", "1: bigmem gpu=0,1", "all: licence=a"})
      EXPECT_TRUE(has(plan, word)) << word;
  }
  EXPECT_FALSE(has(plan_here("/store", {}, 2), "--overbook"));
}

}  // namespace
}  // namespace godwit::cli
