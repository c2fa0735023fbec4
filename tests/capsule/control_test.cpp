// Shows what the host can do with a running job between two steps: freeze and thaw, suspend and resume, call,
// let its lease run out; and what a job can ask for.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "capsule/rig.hpp"
#include "edge/capsules/link/clock.hpp"

namespace godwit::testing {
namespace {

constexpr auto endless = "1000000000";

class Control : public ::testing::Test {
 protected:
  CapsuleId counter() {
    return rig.start(host, rig.order("counter", {{"limit", endless}, {"delay_us", "100"}}));
  }

  capsule::Called call(CapsuleId capsule, std::string method, std::vector<std::string> arguments = {}) {
    host.service().call(capsule, RequestId{7}, std::move(method), std::move(arguments));
    return host.expect<capsule::Called>(capsule);
  }
  std::uint64_t steps(CapsuleId capsule) { return host.service().report(capsule).steps; }
  bool steps_pass(CapsuleId capsule, std::uint64_t count) {
    for (int i = 0; i < 60'000 && steps(capsule) <= count; ++i) std::this_thread::sleep_for(1ms);
    return steps(capsule) > count;
  }

  Rig rig;
  Host host{rig.store()};
};

TEST_F(Control, AFrozenJobStandsStillAndAThawedOneGoesOn) {
  auto const capsule = counter();
  auto const image = host.freeze(capsule);
  auto const frozen_at = image.decoded().steps;
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(steps(capsule), frozen_at);
  host.service().thaw(capsule, Epoch{5});
  EXPECT_EQ(host.expect<capsule::Running>(capsule).steps, frozen_at);
  EXPECT_TRUE(steps_pass(capsule, frozen_at));
  EXPECT_EQ(host.freeze(capsule).decoded().epoch, Epoch{5});
}

TEST_F(Control, EveryThawIsAnsweredByOneRunning) {
  auto const capsule = counter();
  for (std::uint64_t i = 0; i < 50; ++i) {
    host.service().freeze(capsule);
    host.service().thaw(capsule, Epoch{i + 2});
    while (!std::holds_alternative<capsule::Running>(host.next(capsule))) {
    }
  }
  EXPECT_TRUE(steps_pass(capsule, steps(capsule)));
}

TEST_F(Control, AThawWithoutAFreezeTakesTheEpoch) {
  auto const capsule = counter();
  host.service().thaw(capsule, Epoch{9});
  host.expect<capsule::Running>(capsule);
  EXPECT_EQ(host.freeze(capsule).decoded().epoch, Epoch{9});
}

TEST_F(Control, SuspendStopsResumeGoesOnAndCallsAreAnsweredMeanwhile) {
  auto const capsule = counter();
  host.service().suspend(capsule);
  host.expect<capsule::Suspended>(capsule);
  auto const before = call(capsule, "get").answer;
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(call(capsule, "get").answer, before);
  auto const stopped_at = std::stoull(before);
  EXPECT_TRUE(host.freeze(capsule).decoded().suspended);
  host.service().thaw(capsule, Epoch{2});
  EXPECT_TRUE(host.expect<capsule::Running>(capsule).suspended);
  EXPECT_EQ(call(capsule, "get").answer, before);
  host.service().resume(capsule);
  host.expect<capsule::Resumed>(capsule);
  EXPECT_TRUE(steps_pass(capsule, stopped_at));
}

TEST_F(Control, HooksRunOncePerSuspension) {
  write_file(rig.work() / "input.txt", "");
  auto const capsule =
      rig.start(host, rig.fixture("chronicle", "chronicle", {{"steps", endless}, {"delay_us", "100"}}));
  host.service().suspend(capsule);
  host.service().suspend(capsule);
  host.service().resume(capsule);
  host.service().resume(capsule);
  EXPECT_EQ(call(capsule, "hooks").answer, "sr");
}

TEST_F(Control, CallsReachTheJobBetweenSteps) {
  write_file(rig.work() / "input.txt", "");
  auto const capsule =
      rig.start(host, rig.fixture("chronicle", "chronicle", {{"steps", endless}, {"delay_us", "100"}}));
  auto const added = call(capsule, "add", {"2", "0.5"});
  EXPECT_EQ(added.request, RequestId{7});
  EXPECT_FALSE(added.failure);
  EXPECT_EQ(added.answer, "2.5");
}

TEST_F(Control, BadCallsAreTheCallersFault) {
  write_file(rig.work() / "input.txt", "");
  auto const capsule =
      rig.start(host, rig.fixture("chronicle", "chronicle", {{"steps", endless}, {"delay_us", "100"}}));
  auto const why = [&](std::string method, std::vector<std::string> arguments) {
    auto const called = call(capsule, std::move(method), std::move(arguments));
    return called.failure ? called.failure->code + ": " + called.failure->context
                          : "answered " + called.answer;
  };
  EXPECT_EQ(why("nonsense", {}),
            "no_such_method: no method 'nonsense': the job has add, count, hooks, throw");
  EXPECT_EQ(why("add", {"1"}), "bad_call: add takes 2 arguments, not 1");
  EXPECT_EQ(why("add", {"1", "two"}), "bad_call: add: argument 2 'two' is not a number");
  EXPECT_EQ(why("throw", {}), "call_failed: throw: on purpose");
  EXPECT_TRUE(steps_pass(capsule, steps(capsule))) << "a bad call harmed the job";
}

TEST_F(Control, ACallWhileFrozenIsSentBack) {
  auto const capsule = counter();
  host.freeze(capsule);
  auto const called = call(capsule, "get");
  ASSERT_TRUE(called.failure);
  EXPECT_EQ(called.failure->reaction, Reaction::retry_later);
}

TEST_F(Control, AMethodChangesTheJob) {
  auto const capsule = counter();
  call(capsule, "set_limit", {"1"});
  EXPECT_EQ(host.expect<capsule::Ended>(capsule).outcome.ending, Ending::finished);
}

TEST_F(Control, AfterItsLeaseAJobWaitsUntilItIsRenewed) {
  auto const capsule = counter();
  host.service().set_lease(boot_now());
  auto const called = call(capsule, "get");
  ASSERT_TRUE(called.failure);
  EXPECT_EQ(called.failure->code, "lease_expired");  // said between two steps: from now on it stands still
  auto const stood = steps(capsule);
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(steps(capsule), stood);
  EXPECT_EQ(host.freeze(capsule).decoded().steps, stood) << "a job without a lease can be frozen";
  host.service().thaw(capsule, Epoch{2});
  host.expect<capsule::Running>(capsule);
  host.service().set_lease(boot_now() + 1000s);
  EXPECT_TRUE(steps_pass(capsule, stood));
}

TEST_F(Control, AJobThatEndsItsWaitEarlyIsStillFrozenAtOnce) {
  auto const capsule = rig.start(host, rig.fixture("odd", "odd", {{"way", "idle"}}));  // again_in an hour
  EXPECT_EQ(host.freeze(capsule).decoded().steps, 1U);
}

TEST_F(Control, ALongStepCanSeeThatItIsWanted) {
  auto const capsule = rig.start(host, rig.fixture("odd", "odd", {{"way", "polite"}}));
  EXPECT_GE(host.freeze(capsule).decoded().steps, 1U);
}

TEST_F(Control, AJobAsksToBeMoved) {
  auto const capsule = rig.start(host, rig.fixture("odd", "odd", {{"way", "wander"}}));
  EXPECT_EQ(host.expect<capsule::WantsMove>(capsule).target, Rank{2});
}

TEST_F(Control, TheReportFollowsTheJob) {
  auto const capsule =
      rig.start(host, rig.order("counter", {{"limit", endless}, {"delay_us", "100"}, {"bytes", "10000"}}));
  ASSERT_TRUE(steps_pass(capsule, 100));
  auto const report = host.service().report(capsule);
  EXPECT_GE(report.progress.done, 100U);
  EXPECT_EQ(report.progress.total, 1'000'000'000U);
  EXPECT_EQ(report.progress.unit, "counts");
  EXPECT_EQ(report.arena_bytes, 12288U);
  EXPECT_GE(report.step_p50, 80us);
  EXPECT_GE(report.step_p99, report.step_p50);
  EXPECT_LE(report.last_safe_point, boot_now());
  EXPECT_GT(report.last_safe_point, boot_now() + -60s);
}

TEST_F(Control, DirectoryAndEnvironmentAreTheJobs) {
  auto order = rig.fixture("odd", "odd", {{"way", "idle"}});
  order.spec.environment["GODWIT_TEST_COLOUR"] = "blue";
  auto const capsule = rig.start(host, order);
  EXPECT_EQ(call(capsule, "directory").answer, std::filesystem::canonical(rig.work()).native());
  EXPECT_EQ(call(capsule, "variable", {"GODWIT_TEST_COLOUR"}).answer, "blue");
}

TEST_F(Control, CommandsToUnknownOrEndedCapsulesAreIgnored) {
  auto const capsule = counter();
  call(capsule, "set_limit", {"1"});
  host.expect<capsule::Ended>(capsule);
  for (auto const id : {capsule, CapsuleId{999}}) {
    host.service().freeze(id);
    host.service().thaw(id, Epoch{3});
    host.service().call(id, RequestId{1}, "get", {});
    host.service().kill(id);
    host.service().forget(id);
  }
  EXPECT_TRUE(host.service().poll().empty());
  EXPECT_TRUE(host.service().arena(capsule, 1).empty());
}

}  // namespace
}  // namespace godwit::testing
