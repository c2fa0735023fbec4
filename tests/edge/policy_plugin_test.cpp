// Users' own policies: one is loaded and decides, and what isn't one is refused with what to do.
#include <gtest/gtest.h>

#include <fstream>

#include "edge/policies/policy_plugin.hpp"
#include "edge/scratch.hpp"
#include "policy/scheduler.hpp"

namespace godwit {
namespace {

std::string refusal(std::filesystem::path const& path) {
  auto const loaded = load_policy(path);
  return loaded ? "it was loaded" : loaded.failure().code + ": " + loaded.failure().context;
}

TEST(PolicyPlugin, DecidesWhoIsNext) {
  auto const plugin = load_policy(LIFETIME_POLICY);
  ASSERT_TRUE(plugin) << plugin.failure().context;
  EXPECT_EQ(plugin->name, "lifetime");
  policy::Scheduler scheduler({}, std::unique_ptr<policy::Policy>(plugin->make()), {});
  scheduler.set_host(Rank{1}, {.cores = 1}, true);
  scheduler.wait({.job = JobId{1}, .account = "heavy"});
  scheduler.wait({.job = JobId{2}, .account = "light"});
  scheduler.set_scores({{"heavy", 5000}, {"light", 1000}});
  auto const next = scheduler.next(Instant{});
  ASSERT_TRUE(next);
  EXPECT_EQ(next->job, JobId{2});
  scheduler.leave(JobId{2});
  scheduler.occupy({.job = JobId{2}, .account = "light"}, Rank{1}, Instant{});
  scheduler.interval(Instant{} + 1s);
  EXPECT_EQ(scheduler.scores().at("light"), 2000) << "one core for a second";
  EXPECT_EQ(scheduler.scores().at("heavy"), 5000);
}

TEST(PolicyPlugin, WhatIsNoneIsRefused) {
  testing::Scratch const scratch;
  auto const text = scratch.path() / "text.so";
  std::ofstream(text) << "no shared object\n";
  EXPECT_EQ(refusal("nowhere.so"), "no_such_file: cannot use policy nowhere.so: there is no such file");
  EXPECT_EQ(refusal(text).find("policy_not_loadable: cannot use policy " + text.string() + ": "), 0U) << refusal(text);
  EXPECT_NE(refusal(OTHER_POLICY).find("built for interface version 99, this Godwit has 1: rebuild it"), std::string::npos)
      << refusal(OTHER_POLICY);
  EXPECT_NE(refusal(IMPOSTOR_POLICY).find("its name is 'up-down': give it one of its own"), std::string::npos)
      << refusal(IMPOSTOR_POLICY);
}

TEST(PolicyPlugin, IsAFileByItsLooks) {
  EXPECT_TRUE(is_policy_file("mine.so"));
  EXPECT_TRUE(is_policy_file("./mine"));
  EXPECT_FALSE(is_policy_file("up-down"));
  EXPECT_TRUE(not_a_runs_policy("fair-tree").empty());
  EXPECT_FALSE(not_a_runs_policy("easy").empty()) << "for comparison only";
}

}  // namespace
}  // namespace godwit
