// Shows that a process serves one job after the other where that can't be noticed, and only there: the next job finds
// its memory zeroed, its output its own; what is said of a job that is over doesn't touch the next.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "capsule/rig.hpp"

namespace godwit::testing {
namespace {

using namespace std::chrono_literals;

class Reuse : public ::testing::Test {
 protected:
  CapsuleOrder leaver(std::string const& way = "", JobId job = {1}) {
    auto order = rig.fixture("leaver", "leaver", {{"way", way}, {"text", "hello"}}, job);
    order.start_at = Epoch{1};
    return order;
  }
  // Its capsule; the job has finished, and isn't forgotten yet.
  CapsuleId finished(CapsuleOrder order) {
    auto const capsule = order.capsule;
    host.service().prepare(std::move(order));
    host.expect<capsule::Prepared>(capsule);
    host.expect<capsule::Running>(capsule);
    auto const outcome = host.expect<capsule::Ended>(capsule).outcome;
    EXPECT_EQ(outcome.ending, Ending::finished) << outcome.reason;
    return capsule;
  }
  // The process that a job ran in, by its own word.
  int process_of(JobId job) {
    auto const text = rig.printed("stdout", job);
    auto const at = text.find(" at ");
    return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + 4);
  }
  int run(CapsuleOrder order) {
    auto const job = order.job;
    host.service().forget(finished(std::move(order)));
    return process_of(job);
  }
  // Whether the job after one of this way runs in another process.
  bool another_after(CapsuleOrder first) {
    auto const before = run(std::move(first));
    return before > 0 && run(leaver("", JobId{2})) != before;
  }

  Rig rig;
  Host host{rig.store()};
};

TEST_F(Reuse, AJobIsPreparedAndStartedByOneOrder) {
  finished(leaver());
}

TEST_F(Reuse, OneProcessServesManyJobs) {
  auto const process = run(leaver());
  for (std::uint64_t job = 2; job < 30; ++job) EXPECT_EQ(run(leaver("", JobId{job})), process);
}

TEST_F(Reuse, EachJobsOutputIsItsOwn) {
  auto const process = run(leaver());
  run(leaver("", JobId{2}));
  auto const line = "hello at " + std::to_string(process) + " value 0.5\n";
  EXPECT_EQ(rig.printed("stdout", JobId{1}), line);
  EXPECT_EQ(rig.printed("stdout", JobId{2}), line);
}

TEST_F(Reuse, NotForAnotherKindOfJob) {
  auto const process = run(leaver());
  auto order = leaver("", JobId{2});
  order.spec.environment["COLOUR"] = "blue";
  EXPECT_NE(run(order), process);
  order = leaver("", JobId{3});
  order.spec.account = "chem";
  EXPECT_NE(run(order), process);
  order = leaver("", JobId{4});
  order.spec.memory_bytes = 1 << 30;
  EXPECT_NE(run(order), process);
  order = leaver("", JobId{5});
  order.spec.cores = 2;
  EXPECT_NE(run(order), process);
  EXPECT_EQ(run(leaver("", JobId{6})), process);
}

TEST_F(Reuse, NotAfterAJobThatLeftAThread) {
  EXPECT_TRUE(another_after(leaver("thread")));
}
TEST_F(Reuse, NotAfterAJobThatLeftAChild) {
  EXPECT_TRUE(another_after(leaver("child")));
}
TEST_F(Reuse, NotAfterAJobThatLeftAnOrphan) {
  EXPECT_TRUE(another_after(leaver("orphan")));
}
TEST_F(Reuse, NotAfterAJobThatUsedAScratchDirectory) {
  EXPECT_TRUE(another_after(leaver("scratch")));
}

TEST_F(Reuse, AChangedDirectoryIsEnteredAgain) {
  auto const process = run(leaver("directory"));
  EXPECT_EQ(run(leaver("", JobId{2})), process);
  auto order = rig.fixture("odd", "odd", {{"way", ""}}, JobId{3});
  auto const capsule = rig.start(host, order);
  host.service().call(capsule, RequestId{1}, "directory", {});
  EXPECT_EQ(host.expect<capsule::Called>(capsule).answer, rig.work().native());
}

TEST_F(Reuse, NotAfterAFailure) {
  auto const process = run(leaver());
  auto order = leaver("fails", JobId{2});
  auto const capsule = order.capsule;
  host.service().prepare(order);
  EXPECT_EQ(host.expect<capsule::Ended>(capsule).outcome.reason, "failed on purpose");
  host.service().forget(capsule);
  EXPECT_NE(run(leaver("", JobId{3})), process);
}

TEST_F(Reuse, WhatIsSaidOfAnEndedJobDoesNotTouchTheNext) {
  auto const first = finished(leaver());
  auto const process = process_of(JobId{1});
  host.service().freeze(first);
  host.service().suspend(first);
  host.service().call(first, RequestId{9}, "get", {});
  host.service().forget(first);
  auto order = rig.fixture("leaver", "leaver", {{"text", "hello"}}, JobId{2});
  auto const second = rig.prepare(host, order);
  host.service().kill(first);
  host.service().forget(first);
  EXPECT_EQ(host.pid(second), process);
  host.service().start(second, Epoch{1});
  EXPECT_EQ(host.expect<capsule::Ended>(second).outcome.ending, Ending::finished);
  EXPECT_EQ(process_of(JobId{2}), process);
}

TEST_F(Reuse, AFinishedJobThatIsKilledTakesItsProcessAlong) {
  auto const first = finished(leaver());
  auto const process = process_of(JobId{1});
  host.service().kill(first);
  host.service().forget(first);
  EXPECT_TRUE(all_gone({process}));
  EXPECT_NE(run(leaver("", JobId{2})), process);
}

TEST_F(Reuse, AProcessThatGoesDownBetweenJobsHarmsNone) {
  auto const process = run(leaver("dies_afterwards"));
  EXPECT_TRUE(all_gone({process}));
  host.look();
  auto const next = run(leaver("", JobId{2}));
  EXPECT_NE(next, process);
  ASSERT_EQ(::kill(next, SIGKILL), 0);
  EXPECT_TRUE(all_gone({next}));
  run(leaver("", JobId{3}));  // whether the host has heard of it or not
}

TEST_F(Reuse, AnOrderThatItsProcessNeverTookIsGivenToAnother) {
  auto const process = run(leaver());
  ASSERT_EQ(::kill(process, SIGSTOP), 0);
  auto order = leaver("", JobId{2});
  auto const capsule = order.capsule;
  host.service().prepare(order);
  ASSERT_EQ(::kill(process, SIGKILL), 0);
  host.expect<capsule::Prepared>(capsule);
  host.expect<capsule::Running>(capsule);
  host.expect<capsule::Ended>(capsule);
  EXPECT_NE(process_of(JobId{2}), process);
}

TEST_F(Reuse, ALongFirstStepIsReportedBeforeItIsOver) {
  auto order = rig.fixture("odd", "odd", {{"way", "polite"}});  // one step, until somebody wants something
  order.start_at = Epoch{1};
  auto const capsule = order.capsule;
  host.service().prepare(order);
  host.expect<capsule::Prepared>(capsule);
  host.expect<capsule::Running>(capsule);
  host.freeze(capsule);
}

// Two jobs that leave nothing behind have ended, each in a process; both are given back. How many processes are left of
// them and the zygote, once there are no more than `count`.
std::size_t left_of_two(CapsuleService& service, Rig& rig, std::size_t count) {
  std::vector<CapsuleId> capsules;
  for (std::uint64_t job = 1; job <= 2; ++job) {
    auto order = rig.fixture("leaver", "leaver", {}, JobId{job});
    order.start_at = Epoch{1};
    capsules.push_back(order.capsule);
    service.prepare(order);
  }
  int ended = 0;
  auto const deadline = std::chrono::steady_clock::now() + 60s;
  while (ended < 2 && std::chrono::steady_clock::now() < deadline) {
    for (auto const& event : service.poll()) ended += std::holds_alternative<capsule::Ended>(event) ? 1 : 0;
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(descendants().size(), 3U) << "the zygote and two";
  for (auto const capsule : capsules) service.forget(capsule);
  while (descendants().size() > count && std::chrono::steady_clock::now() < deadline) {
    service.poll();
    std::this_thread::sleep_for(1ms);
  }
  return descendants().size();
}

TEST(ReuseBounds, OneIdleProcessTooManyEnds) {
  Rig rig;
  CapsuleService service(launch_zygote(), {.store = rig.store(), .idle_max = 1, .idle_patience = std::chrono::hours(1)});
  EXPECT_EQ(left_of_two(service, rig, 2), 2U);
}

TEST(ReuseBounds, IdleProcessesEndAfterAWhile) {
  Rig rig;
  CapsuleService service(launch_zygote(), {.store = rig.store(), .idle_max = 2, .idle_patience = 50ms});
  EXPECT_EQ(left_of_two(service, rig, 1), 1U) << "only the zygote stays";
}

TEST_F(Reuse, AJobIsKeptToItsCoresAndTold) {
  auto const cpu = [] {
    cpu_set_t set;
    ::sched_getaffinity(0, sizeof set, &set);
    int first = 0;
    while (!CPU_ISSET(first, &set)) ++first;
    return first;
  }();
  auto order = rig.fixture("odd", "odd", {{"way", ""}});
  order.cpus = {cpu};
  auto const first = rig.start(host, order);
  auto const image = host.freeze(first);
  host.end(first);
  auto const restored = rig.restore(host, order, image, Epoch{2});
  cpu_set_t allowed;
  ASSERT_EQ(::sched_getaffinity(host.pid(restored), sizeof allowed, &allowed), 0);
  EXPECT_EQ(CPU_COUNT(&allowed), 1);
  EXPECT_TRUE(CPU_ISSET(cpu, &allowed));
  auto const variable = [&](char const* name) {
    host.service().call(restored, RequestId{1}, "variable", {name});
    return host.expect<capsule::Called>(restored).answer;
  };
  EXPECT_EQ(variable("GODWIT_CPUS"), std::to_string(cpu));
  EXPECT_EQ(variable("OMP_NUM_THREADS"), "1");
}

}  // namespace
}  // namespace godwit::testing
