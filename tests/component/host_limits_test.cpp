// What a host watches of the jobs that it runs: that no step takes longer than its limit, that none runs longer than its
// time; when it saves them by itself; and that it says what it holds when it is asked.
#include "checkpoint/interval.hpp"
#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

struct HostLimits : testing::Test, Scenes {
  static JobSpec limited(Duration step_limit, Duration time_limit = {}) {
    auto spec = spec_of();
    spec.step_limit = step_limit;
    spec.time_limit = time_limit;
    return spec;
  }
  // The host asks for the capsules' reports: this job has been in its step for so long.
  void is_read(CapsuleId capsule_id, Duration age, Duration running_time = {}, bool waits = false) {
    did<host::ReadLoad>();
    reads(capsule_id, age, running_time, waits);
  }
  void reads(CapsuleId capsule_id, Duration age, Duration running_time = {}, bool waits = false) {
    CapsuleReport report;
    report.steps = 5;
    report.last_safe_point = now + (-age);
    report.waits = waits;
    report.running_time = running_time;
    event(host::LoadRead{{}, {{capsule_id, report}}});
  }
  Outcome ended_by_host(CapsuleId capsule_id) {
    auto outcome = told_allocator<msg::JobEnded>().outcome;
    gone(capsule_id);
    return outcome;
  }
};

TEST_F(HostLimits, AStepThatTakesTooLongEndsItsCapsuleAsACrash) {
  auto const capsule_id = running(e1, limited(30s));
  pass(30s);
  is_read(capsule_id, 20s);  // a safe point came in between: looked at again when the limit could be passed
  pass(9s);
  nothing_else();
  pass(1s);
  is_read(capsule_id, 31s);
  auto const outcome = ended_by_host(capsule_id);
  EXPECT_EQ(outcome.ending, Ending::crashed);
  EXPECT_EQ(outcome.reason, "step limit of 30 s passed: the step has taken 31 s");
  EXPECT_EQ(outcome.steps, 5U);
}

TEST_F(HostLimits, AJobThatWaitsIsInNoStep) {
  auto const capsule_id = running(e1, limited(30s));
  pass(30s);
  is_read(capsule_id, 60min, {}, true);
  nothing_else();
}

TEST_F(HostLimits, AStepThatHangsWhileAMoveWaitsForItAbandonsTheMove) {
  auto const capsule_id = running(e1, limited(10s));
  called_for(capsule_id);
  pass(10s);
  is_read(capsule_id, 10s);
  EXPECT_EQ(told_allocator<msg::JobEnded>().outcome.ending, Ending::crashed);
  EXPECT_EQ(sent<msg::AbandonMove>(other).why.code, "job_ended");
  gone(capsule_id);
}

TEST_F(HostLimits, RunningTimeBeyondTheLimitFailsTheJob) {
  auto const capsule_id = running(e1, limited({}, 10min));
  pass(10min);
  is_read(capsule_id, 1s, 9min);  // it was suspended for a minute
  pass(59s);
  nothing_else();
  pass(1s);
  is_read(capsule_id, 1s, 10min);
  auto const outcome = ended_by_host(capsule_id);
  EXPECT_EQ(outcome.ending, Ending::failed) << "so that it isn't tried again";
  EXPECT_EQ(outcome.reason, "time limit of 10 min passed");
}

TEST_F(HostLimits, WithoutLimitsNothingIsWatched) {
  running();
  EXPECT_EQ(timers(), 0U);
}

TEST_F(HostLimits, AMoveThatFindsNoSafePointIsRefusedNamingTheStepsAge) {
  auto const capsule_id = running();
  called_for(capsule_id);
  reads(capsule_id, 0s);
  pass(30s);
  EXPECT_EQ(did<host::ThawCapsule>().capsule, capsule_id);
  auto const why = stays(e3).why;
  EXPECT_EQ(why.code, "no_safe_point");
  EXPECT_NE(why.context.find("for 30.0 s: step 6 is still running"), std::string::npos) << why.context;
  EXPECT_EQ(sent<msg::AbandonMove>(other).job, job);
}

// ---- intervals

// ---- what is held

TEST_F(HostLimits, SaysWhatItHoldsWhenAsked) {
  auto const capsule_id = running();
  from_allocator(msg::ListHeld{RequestId{70}});
  is_read(capsule_id, 2s);
  auto const answer = told_allocator<msg::HeldJobs>();
  EXPECT_EQ(answer.request, RequestId{70});
  ASSERT_EQ(answer.jobs.size(), 1U);
  auto const& row = answer.jobs[0];
  EXPECT_EQ(row.job, job);
  EXPECT_EQ(row.epoch, e1);
  EXPECT_EQ(row.type, "count");
  EXPECT_EQ(row.name, "seven");
  EXPECT_EQ(row.state, "running");
  EXPECT_EQ(row.steps, 5U);
  EXPECT_EQ(row.step_age, 2s);

  called_for(capsule_id);
  from_allocator(msg::ListHeld{RequestId{71}});
  is_read(capsule_id, 2s);
  EXPECT_EQ(told_allocator<msg::HeldJobs>().jobs.at(0).state, "leaving");
}

TEST(HostHeld, WhatWaitsForItsTurnIsListedToo) {
  host::Settings settings;
  settings.has.cores = 1;
  Scenes rig(settings);
  rig.from_allocator(msg::StartJob{JobId{1}, e1, spec_of(), {}, {}});
  rig.did<host::PrepareCapsule>();
  rig.from_allocator(msg::StartJob{JobId{2}, e4, spec_of(), {}, {}});
  rig.from_allocator(msg::ListHeld{RequestId{70}});
  rig.did<host::ReadLoad>();
  rig.event(host::LoadRead{});
  auto const rows = rig.told_allocator<msg::HeldJobs>().jobs;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].state, "preparing");
  EXPECT_EQ(rows[1].state, "queued");
  EXPECT_EQ(rows[1].epoch, e4);
}

}  // namespace
}  // namespace godwit::test
