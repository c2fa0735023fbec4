// Generated workloads, and the two experiments on a small scale: the order of the policies is what it should
// be. The figures themselves, at full length, are scripts/bench's.
#include "simulate/workload.hpp"

#include <gtest/gtest.h>

#include <map>

#include "simulate/figures.hpp"
#include "simulate/queueing.hpp"

namespace godwit::simulate {
namespace {

TEST(HeavyAndLightTest, TheHeavyAccountKeepsItsJobsAndTheLightOnesAskForTheirLoad) {
  HeavyAndLight const setup{.light_load = 0.25, .quanta = 20'000};
  HeavyAndLightJobs workload(setup);
  std::vector<Job> jobs;
  workload.submit(jobs);
  auto const heavy = std::count_if(jobs.begin(), jobs.end(), [](Job const& job) { return job.account == 0; });
  EXPECT_EQ(heavy, 40);
  workload.ended(jobs.front(), *workload.next());  // the heavy account's
  while (workload.next()) workload.submit(jobs);
  double asked_quanta = 0;
  std::int64_t heavy_jobs = 0;
  for (auto const& job : jobs) {
    EXPECT_EQ(job.run % setup.quantum, Duration{0});
    if (job.account == 0) ++heavy_jobs;
    if (job.account > 0) asked_quanta += static_cast<double>(job.run / setup.quantum);
  }
  EXPECT_EQ(heavy_jobs, 41);
  EXPECT_NEAR(asked_quanta / (10 * 20'000), 0.25, 0.02);
}

double light_wait_ratio(std::string const& policy, bool preempt = false) {
  HeavyAndLightJobs workload({.light_load = 0.25, .quanta = 5'000});
  simulate::Setup setup{.policy = policy, .processors = 10, .preempt = preempt};
  setup.tuning.interval = 60s;
  auto const outcome = simulate(workload, setup);
  return outcome ? figures_of(*outcome).light.wait_ratio : -1;
}

TEST(UpDownExperiment, LightAccountsWaitLessTheMoreThePolicyLooksAtThem) {
  auto const random = light_wait_ratio("random"), round_robin = light_wait_ratio("round-robin");
  auto const up_down = light_wait_ratio("up-down"), preempting = light_wait_ratio("up-down", true);
  EXPECT_GT(random, 5 * round_robin);
  EXPECT_GT(round_robin, 1.3 * up_down);
  EXPECT_GT(up_down, 1.5 * preempting);
  EXPECT_GE(preempting, 0);
}

QueueingFigures queueing(std::string const& how, double load, std::int32_t threshold) {
  Queueing setup{.how = how, .load = load, .jobs = 100'000};
  setup.probing.threshold = threshold;
  auto const figures = simulate_queueing(setup);
  EXPECT_TRUE(figures.ok());
  return figures ? *figures : QueueingFigures{};
}

// M/M/1 at half load: 2; M/M/20: hardly more than the service itself.
TEST(QueueingTest, WithoutMovesAndWithOneLineItIsWhatTheFormulaeSay) {
  EXPECT_NEAR(queueing("none", 0.5, 1).mean_response_s, 2, 0.1);
  EXPECT_NEAR(queueing("central", 0.5, 1).mean_response_s, 1, 0.02);
  EXPECT_EQ(queueing("none", 0.5, 1).moves_per_job, 0);
}

TEST(QueueingTest, SendersAreBetterWhereMostAreIdleAndReceiversWhereMostAreBusy) {
  EXPECT_LT(queueing("sender", 0.5, 1).mean_response_s, queueing("receiver", 0.5, 1).mean_response_s);
  EXPECT_GT(queueing("sender", 0.9, 1).mean_response_s, queueing("receiver", 0.9, 1).mean_response_s);
  EXPECT_LT(queueing("symmetric", 0.9, 1).mean_response_s, queueing("receiver", 0.9, 1).mean_response_s);
  EXPECT_LT(queueing("random", 0.5, 2).mean_response_s, queueing("none", 0.5, 2).mean_response_s);
}

TEST(QueueingTest, ALoadThatNothingCanServeIsRefused) {
  EXPECT_FALSE(simulate_queueing({.how = "none", .load = 1}).ok());
  EXPECT_FALSE(simulate_queueing({.how = "shouting", .load = 0.5}).ok());
}

}  // namespace
}  // namespace godwit::simulate
