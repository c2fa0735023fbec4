// Small workloads whose schedules were worked out by hand: first come, first served and EASY job by job, with
// estimates that are right, too long and too short; preemption; what all of it comes to in figures.
#include "simulate/simulation.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "simulate/figures.hpp"

namespace godwit::simulate {
namespace {

struct Line {
  std::int64_t submit_s, run_s, estimate_s;
  std::int32_t cores{1};
  std::uint32_t account{0};
};

Trace trace_of(std::vector<Line> const& lines, std::vector<std::string> accounts = {"anna", "ben"}) {
  Trace trace{.accounts = std::move(accounts)};
  for (auto const& line : lines) {
    trace.jobs.push_back({Instant{} + std::chrono::seconds(line.submit_s), std::chrono::seconds(line.run_s),
                          std::chrono::seconds(line.estimate_s), line.cores, line.account});
  }
  return trace;
}

Setup machine(std::string policy, std::int32_t processors, std::int32_t hosts = 1) {
  Setup setup{.policy = std::move(policy), .hosts = hosts, .processors = processors};
  setup.tuning.interval = 60s;
  return setup;
}

Outcome outcome_of(Trace const& trace, Setup const& setup) {
  Replay replay(trace);
  auto outcome = simulate(replay, setup);
  EXPECT_TRUE(outcome.ok()) << outcome.failure().context;
  return outcome ? *std::move(outcome) : Outcome{};
}

// Of each job, in the order of submission (all at different times here).
std::vector<std::int64_t> waits_s(Outcome outcome) {
  std::sort(outcome.ended.begin(), outcome.ended.end(),
            [](Ended const& a, Ended const& b) { return a.submit < b.submit; });
  std::vector<std::int64_t> waits;
  for (auto const& job : outcome.ended)
    waits.push_back(std::chrono::duration_cast<std::chrono::seconds>(job.wait()).count());
  return waits;
}
std::vector<std::int64_t> waits_s(std::string policy, std::int32_t processors,
                                  std::vector<Line> const& lines) {
  return waits_s(outcome_of(trace_of(lines), machine(std::move(policy), processors)));
}

using Waits = std::vector<std::int64_t>;

// The second needs two of four processors, of which one is free until 10. The third ends by then; the fourth
// finds none.
TEST(Schedules, AShortJobGoesAheadUnderEasyOnly) {
  std::vector<Line> const jobs{{0, 10, 10, 3}, {1, 5, 5, 2}, {2, 8, 8, 1}, {3, 20, 20, 1}};
  EXPECT_EQ(waits_s("fcfs", 4, jobs), (Waits{0, 9, 8, 7}));
  EXPECT_EQ(waits_s("easy", 4, jobs), (Waits{0, 9, 0, 7}));
}

// The second takes all processors at 10: the third would run until 11 and is held back, the fourth until 10.
TEST(Schedules, WhoWouldDelayTheFirstInLineIsHeldBack) {
  std::vector<Line> const jobs{{0, 10, 10, 3}, {1, 5, 5, 4}, {2, 9, 9, 1}, {3, 7, 7, 1}};
  EXPECT_EQ(waits_s("fcfs", 4, jobs), (Waits{0, 9, 13, 12}));
  EXPECT_EQ(waits_s("easy", 4, jobs), (Waits{0, 9, 13, 0}));
}

// The second leaves one processor spare when it starts: a long job may have it, a second long one not.
TEST(Schedules, ALongJobMayHaveWhatStaysSpare) {
  std::vector<Line> const jobs{{0, 10, 10, 2}, {1, 5, 5, 3}, {2, 100, 100, 1}, {3, 100, 100, 1}};
  EXPECT_EQ(waits_s("easy", 4, jobs), (Waits{0, 9, 0, 12}));
}

// Said to run until 10, the first ends at 4; the third has begun by then, relying on it.
TEST(Schedules, AnEstimateTooLongDelaysTheFirstInLine) {
  std::vector<Line> const jobs{{0, 4, 10, 3}, {1, 5, 5, 4}, {2, 8, 8, 1}};
  EXPECT_EQ(waits_s("easy", 4, jobs), (Waits{0, 9, 0}));
}

// Said to run until 3, the first runs until 10. Until 3 others may go ahead if they end by then; after that
// it may end at any instant, and nobody may.
TEST(Schedules, AnEstimateTooShortLetsNobodyAhead) {
  std::vector<Line> const jobs{{0, 10, 3, 3}, {1, 5, 5, 4}, {2, 1, 1, 1}, {5, 5, 5, 1}};
  EXPECT_EQ(waits_s("easy", 4, jobs), (Waits{0, 9, 0, 10}));
}

TEST(Schedules, AnEndComesBeforeASubmissionOfTheSameInstant) {
  EXPECT_EQ(waits_s("fcfs", 1, {{0, 10, 10}, {10, 5, 5}}), (Waits{0, 0}));
}

TEST(Schedules, RoundRobinServesWhoWasServedLongestAgo) {
  std::vector<Line> const jobs{{0, 10, 10, 1, 0}, {1, 10, 10, 1, 0}, {2, 10, 10, 1, 0}, {3, 10, 10, 1, 1}};
  EXPECT_EQ(waits_s("fcfs", 1, jobs), (Waits{0, 9, 18, 27}));
  EXPECT_EQ(waits_s("round-robin", 1, jobs), (Waits{0, 19, 28, 7}));
}

// Hosts of three and two: the first is on that with three, which the second needs, and the third waits behind
// it.
TEST(Schedules, AJobFitsOneHost) {
  auto const outcome =
      outcome_of(trace_of({{0, 10, 10, 2}, {1, 10, 10, 3}, {2, 10, 10, 2}}), machine("fcfs", 5, 2));
  EXPECT_EQ(waits_s(outcome), (Waits{0, 9, 8}));
  EXPECT_EQ(outcome_of(trace_of({{0, 10, 10, 4}}), machine("fcfs", 5, 2)).never_fit, 1U);
}

// Anna's job has run for 200 s, so that her index has risen. Ben's then takes its place for 10 s; it goes on
// where it was.
TEST(Preemption, TheVictimKeepsItsWorkAndWaits) {
  auto setup = machine("up-down", 1);
  setup.up_down.entitlements = false;
  auto const trace = trace_of({{0, 1000, 1000, 1, 0}, {200, 10, 10, 1, 1}});
  EXPECT_EQ(waits_s(outcome_of(trace, setup)), (Waits{0, 800}));
  setup.preempt = true;
  auto const outcome = outcome_of(trace, setup);
  EXPECT_EQ(waits_s(outcome), (Waits{10, 0}));
  EXPECT_EQ(outcome.preemptions, 1U);
  EXPECT_EQ(outcome.ended.back().preemptions, 1U);
  EXPECT_EQ(outcome.ended.back().end, Instant{} + 1010s);
}

TEST(Preemption, NotBeforeTheVictimsQuantumIsOver) {
  auto setup = machine("up-down", 1);
  setup.up_down.entitlements = false;
  setup.preempt = true;
  setup.tuning.quantum_min = 10min;
  auto const trace = trace_of({{0, 1000, 1000, 1, 0}, {200, 10, 10, 1, 1}});
  EXPECT_EQ(waits_s(outcome_of(trace, setup)), (Waits{10, 400}));
}

TEST(Outcomes, WithPreemptionBusyTimeIsWorkDone) {
  auto setup = machine("up-down", 10);
  setup.preempt = true;
  HeavyAndLightJobs jobs({.quanta = 2000, .warm_up = 0});
  auto const outcome = simulate(jobs, setup);
  ASSERT_TRUE(outcome.ok());
  EXPECT_GT(outcome->preemptions, 0U);
  double work_s = 0;
  for (auto const& job : outcome->ended) work_s += std::chrono::duration<double>(job.run).count();
  EXPECT_LE(work_s, outcome->busy_core_s);
  EXPECT_LE(outcome->busy_core_s, 10.0 * 2000 * 60);
  EXPECT_GT(work_s, 0.95 * outcome->busy_core_s);  // the rest is of those that haven't ended
}

TEST(Outcomes, AreTheSameEachTimeAndOthersWithAnotherSeed) {
  auto const waits = [](std::uint64_t seed) {
    HeavyAndLightJobs jobs({.quanta = 500, .warm_up = 0});
    auto setup = machine("random", 10);
    setup.tuning.seed = seed;
    auto const outcome = simulate(jobs, setup);
    std::vector<Duration> all;
    for (auto const& job : outcome->ended) all.push_back(job.wait());
    return all;
  };
  EXPECT_EQ(waits(1), waits(1));
  EXPECT_NE(waits(1), waits(2));
}

TEST(Outcomes, AreRefusedForAMachineThatCantBe) {
  auto const trace = trace_of({{0, 1, 1}});
  Replay replay(trace);
  EXPECT_EQ(simulate(replay, machine("fcfs", 2, 3)).failure().code, "usage");
  EXPECT_EQ(simulate(replay, machine("fairest", 2)).failure().code, "no_such_policy");
}

// One processor: waits of 0, 9 and 18 s; bounded slowdowns 1, (9 + 10) / 10 and (18 + 2) / 10, for τ is 10 s.
TEST(FiguresTest, AreWhatTheyAreCalled) {
  auto const figures = figures_of(
      outcome_of(trace_of({{0, 10, 10, 1, 0}, {1, 10, 10, 1, 0}, {2, 2, 2, 1, 1}}), machine("fcfs", 1)));
  EXPECT_EQ(figures.waits.jobs, 3U);
  EXPECT_DOUBLE_EQ(figures.waits.mean_wait_s, 9);
  EXPECT_DOUBLE_EQ(figures.waits.p95_wait_s, 18);
  EXPECT_DOUBLE_EQ(figures.waits.mean_bounded_slowdown, (1 + 1.9 + 2) / 3);
  EXPECT_DOUBLE_EQ(figures.waits.wait_ratio, 27.0 / 22);
  EXPECT_DOUBLE_EQ(figures.makespan_s, 22);
  EXPECT_DOUBLE_EQ(figures.utilisation, 1);
  double const anna = 1.45, ben = 2;
  EXPECT_DOUBLE_EQ(figures.jain_slowdown, (anna + ben) * (anna + ben) / (2 * (anna * anna + ben * ben)));
  ASSERT_EQ(figures.accounts.size(), 2U);
  EXPECT_EQ(figures.accounts[0].account, "anna");
  EXPECT_DOUBLE_EQ(figures.accounts[0].core_s, 20);
  EXPECT_EQ(figures.light.jobs, 1U);  // ben's
  EXPECT_EQ(figures.events, 9U);
}

TEST(FiguresTest, WaitsOverTimeAreMeansOfWhoCameThen) {
  auto const outcome =
      outcome_of(trace_of({{0, 10, 10, 1, 0}, {1, 10, 10, 1, 0}, {15, 20, 20, 1, 1}}), machine("fcfs", 1));
  auto const points =
      waits_over_time(outcome, 4, 1);  // of 10 s each; ben has as much use as anna, and comes behind
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].account, "anna");
  EXPECT_EQ(points[0].jobs, 2U);
  EXPECT_DOUBLE_EQ(points[0].mean_wait_s, 4.5);
  EXPECT_EQ(points[1].account, "others");
  EXPECT_DOUBLE_EQ(points[1].time_s, 15);
  EXPECT_DOUBLE_EQ(points[1].mean_wait_s, 5);
}

}  // namespace
}  // namespace godwit::simulate
