// The custody protocol holds in every world that can come of small scenarios, whatever dies or falls silent
// in them at whatever point; and what comes of naive variants of it is found, so that we know that it would
// be. The real Departure, Arrival and Ledger are driven; README.md says what is modelled around them.
#include <gtest/gtest.h>

#include <iostream>

#include "explorer/search.hpp"

namespace godwit::explorer {
namespace {

std::string told(Findings const& found) {
  std::string text = found.wrong;
  for (auto const& line : found.story) text += "\n  " + line;
  return text;
}

struct Case {
  char const* name;
  Scenario scenario;
};

class Explorer : public testing::TestWithParam<Case> {};

TEST_P(Explorer, FindsNothingWrong) {
  auto const found = explore(GetParam().scenario);
  EXPECT_TRUE(found.wrong.empty()) << told(found);
  EXPECT_TRUE(found.whole);
  EXPECT_GT(found.quiet, 0U);
  std::cout << found.states << " states, " << found.transitions << " transitions, " << found.quiet
            << " quiet\n";
}

INSTANTIATE_TEST_SUITE_P(
    Worlds, Explorer,
    testing::Values(
        Case{"RefusedMoves", {.budget = {.moves = 4, .refusals = 2}}},
        Case{"EndsOfAllKinds",
             {.budget = {.moves = 2, .cancels = 1, .refusals = 1, .finishes = 1, .crashes = 1}}},
        Case{"AHostDies", {.budget = {.moves = 4, .host_deaths = 1}}},
        Case{"AHostDiesAmidRefusals",
             {.budget = {.moves = 1, .refusals = 2, .crashes = 1, .host_deaths = 1}}},
        Case{"TwoHostsDie", {.budget = {.moves = 1, .host_deaths = 2}}},
        Case{"AHostIsCutOff", {.budget = {.moves = 3, .cut_offs = 1}}},
        Case{"AHostIsCutOffAndAnotherDies", {.budget = {.moves = 1, .host_deaths = 1, .cut_offs = 1}}},
        Case{"TheAllocatorDies", {.budget = {.moves = 2, .allocator_deaths = 1}}},
        Case{"TheAllocatorDiesTwice", {.budget = {.moves = 1, .allocator_deaths = 2}}},
        Case{"TheAllocatorAndAHostDie", {.budget = {.moves = 1, .host_deaths = 1, .allocator_deaths = 1}}},
        Case{"TwoJobs", {.jobs = 2, .budget = {.moves = 2}}}),
    [](auto const& one) { return std::string(one.param.name); });

TEST(Explorer, FindsTheSameEachTime) {
  Scenario const scenario{.budget = {.moves = 2, .refusals = 1, .host_deaths = 1}};
  auto const one = explore(scenario), other = explore(scenario), wide = explore(scenario, {.wide = true});
  EXPECT_EQ(one.states, other.states);
  EXPECT_EQ(one.transitions, other.transitions);
  EXPECT_EQ(one.states, wide.states);
  EXPECT_EQ(one.quiet, wide.quiet);
}

// Of a naive variant: which fault it takes, and what comes of it.
struct Naive {
  Defect defect;
  Budget budget;
  char const* wrong;
};

class NaiveVariant : public testing::TestWithParam<Naive> {};

TEST_P(NaiveVariant, IsFoundOut) {
  auto const& naive = GetParam();
  Scenario scenario{.budget = naive.budget};
  EXPECT_TRUE(explore(scenario).wrong.empty());
  scenario.defect = naive.defect;
  auto const found = explore(scenario, {.wide = true});
  EXPECT_NE(found.wrong.find(naive.wrong), std::string::npos) << told(found);
  EXPECT_FALSE(found.story.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Each, NaiveVariant,
    testing::Values(Naive{Defect::thaws_by_itself, {.moves = 1}, "runs 2 times"},
                    Naive{Defect::ignores_epochs, {.moves = 2, .refusals = 1}, "runs 2 times"},
                    Naive{Defect::obeys_old_terms, {.moves = 0, .allocator_deaths = 1}, "runs 2 times"},
                    Naive{Defect::fences_at_once, {.moves = 0, .cut_offs = 1}, "runs 2 times"},
                    Naive{Defect::renews_with_stale, {.moves = 0, .cut_offs = 1}, "runs 2 times"},
                    Naive{Defect::sends_before_durable, {.moves = 0, .allocator_deaths = 1}, "runs 2 times"},
                    Naive{Defect::forgets_reports, {.moves = 1, .allocator_deaths = 1}, "for ever"},
                    Naive{Defect::trusts_silence, {.moves = 0, .allocator_deaths = 1}, "runs 2 times"}),
    [](auto const& one) { return std::string(name_of(one.param.defect)); });

// 1 → 2 → 3 → 1 while the first Accepted is still on its way to 1: the frozen copy there wakes up beside the
// job that has come back.
TEST(NaiveVariant, RunsTwiceAfterARoundTrip) {
  Scenario scenario{.budget = {.moves = 3}, .ring = true};
  EXPECT_TRUE(explore(scenario).wrong.empty());
  scenario.defect = Defect::thaws_overtaken;
  auto const found = explore(scenario, {.wide = true});
  EXPECT_NE(found.wrong.find("runs 2 times"), std::string::npos) << told(found);
}

}  // namespace
}  // namespace godwit::explorer
