// Checkpoints on request and by interval: staging is touched before the freeze, the job runs again as
// soon as it is staged, requests share images, failures reach whoever waits, and neither a move nor a
// checkpoint stands in the other's way.
#include "checkpoint/interval.hpp"
#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

struct HostCheckpoint : testing::Test, Scenes {
  // So that the host knows how much staging memory to ask for.
  void reported(CapsuleId capsule_id, std::uint64_t steps = 40) {
    CapsuleReport report;
    report.steps = steps;
    report.arena_bytes = arena_bytes;
    event(host::LoadRead{{}, {{capsule_id, report}}});
  }
  void reserves() {
    auto const reserve = did<host::ReserveStaging>();
    EXPECT_EQ(reserve.arena_bytes, arena_bytes);
    nothing_else();
    store(stored::Reserved{reserve.request});
  }
};

TEST_F(HostCheckpoint, OnRequest) {
  auto const capsule_id = running();
  reported(capsule_id);
  asks_for_image(50);
  reserves();
  auto const write = image_is_taken(capsule_id);
  EXPECT_EQ(write.label.job, job);
  EXPECT_EQ(write.label.epoch, e1);
  EXPECT_EQ(write.label.generation, Generation{1});
  EXPECT_FALSE(write.label.parent.has_value());
  EXPECT_EQ(write.label.host, here);
  EXPECT_EQ(write.label.spec.name, "seven");
  now = now + 4ms;
  staged(write);
  thaws(capsule_id, e1);
  runs_again(capsule_id);
  now = now + 9ms;
  written(write);
  auto const done = reports(e1, 1, RequestId{50});
  EXPECT_EQ(done.figures.stopped, 4ms);
  EXPECT_EQ(done.figures.durable, 13ms);
  EXPECT_EQ(timers(), 0U);
}

TEST_F(HostCheckpoint, GenerationsCountUpAndNameTheirParent) {
  auto const capsule_id = running();
  for (std::uint64_t generation = 1; generation <= 3; ++generation) {
    asks_for_image(50 + generation);
    if (generation > 1) reserves();  // now the host knows how large it is
    auto const write = image_is_taken(capsule_id);
    EXPECT_EQ(write.label.generation, Generation{generation});
    EXPECT_EQ(write.label.parent,
              generation > 1 ? std::optional(image_of(e1, generation - 1)) : std::nullopt);
    staged(write);
    thaws(capsule_id, e1);
    runs_again(capsule_id);
    written(write);
    reports(e1, generation, RequestId{50 + generation});
  }
}

TEST_F(HostCheckpoint, AFailedGenerationIsNeitherParentNorUsedAgain) {
  auto const capsule_id = running();
  asks_for_image(50);
  auto const lost = image_is_taken(capsule_id);
  not_written(lost);  // before it was staged
  thaws(capsule_id, e1);
  auto const failed = told_allocator<msg::OrderDone>();
  EXPECT_EQ(failed.request, RequestId{50});
  EXPECT_EQ(failed.failure->code, "no_space");
  runs_again(capsule_id);
  asks_for_image(51);
  reserves();
  auto const write = image_is_taken(capsule_id);
  EXPECT_EQ(write.label.generation, Generation{2});
  EXPECT_FALSE(write.label.parent.has_value());
}

TEST_F(HostCheckpoint, RequestsBeforeTheFreezeShareAnImage) {
  auto const capsule_id = running();
  asks_for_image(50);
  did<host::FreezeCapsule>();
  asks_for_image(51);
  nothing_else();
  freezes(capsule_id);
  auto const write = is_written(capsule_id);
  staged(write);
  thaws(capsule_id, e1);
  written(write);
  reports(e1, 1, RequestId{50});
  reports(e1, 1, RequestId{51});
}

TEST_F(HostCheckpoint, ARequestWhileOneIsBeingWrittenTakesTheNext) {
  auto const capsule_id = running();
  asks_for_image(50);
  auto const first = image_is_taken(capsule_id);
  asks_for_image(51);
  nothing_else();
  staged(first);
  thaws(capsule_id, e1);
  runs_again(capsule_id);
  asks_for_image(52);
  nothing_else();
  written(first);
  reports(e1, 1, RequestId{50});
  reserves();
  auto const second = image_is_taken(capsule_id, 44);
  EXPECT_EQ(second.label.generation, Generation{2});
  EXPECT_EQ(second.label.parent, image_of(e1, 1));
  staged(second);
  thaws(capsule_id, e1);
  written(second);
  reports(e1, 2, RequestId{51});
  reports(e1, 2, RequestId{52});
}

TEST_F(HostCheckpoint, NoSafePointInTime) {
  auto const capsule_id = running();
  asks_for_image(50);
  did<host::FreezeCapsule>();
  pass(30s);
  EXPECT_EQ(told_allocator<msg::OrderDone>().failure->code, "no_safe_point");
  thaws(capsule_id, e1);
}

TEST_F(HostCheckpoint, EndsBeforeItFroze) {
  auto const capsule_id = running();
  asks_for_image(50);
  did<host::FreezeCapsule>();
  capsule(capsule::Ended{capsule_id, {Ending::finished, {}, {}, 41}});
  told_allocator<msg::JobEnded>();
  EXPECT_EQ(told_allocator<msg::OrderDone>().failure->code, "not_here");
  forgotten(capsule_id);
}

TEST_F(HostCheckpoint, CrashesWhileItIsStaged) {
  auto const capsule_id = running();
  asks_for_image(50);
  auto const write = image_is_taken(capsule_id);
  capsule(capsule::Died{capsule_id, {Ending::crashed, "killed by signal 9", {}, 40}});
  EXPECT_EQ(told_allocator<msg::JobEnded>().outcome.ending, Ending::crashed);
  nothing_else();  // the arena is still being copied
  staged(write);
  forgotten(capsule_id);
  written(write);
  reports(e1, 1, RequestId{50});
}

TEST_F(HostCheckpoint, ByInterval) {
  auto const capsule_id = running(e1, spec_of(10s));
  for (std::uint64_t generation = 1; generation <= 3; ++generation) {
    pass(10s);
    if (generation > 1) reserves();
    auto const write = image_is_taken(capsule_id);
    staged(write);
    thaws(capsule_id, e1);
    runs_again(capsule_id);
    written(write);
    reports(e1, generation, std::nullopt);
  }
}

// It can't begin a step: the image wouldn't be another one, however long nobody is heard of.
TEST_F(HostCheckpoint, WithoutALeaseOneIsEnough) {
  auto const capsule_id = running(e1, spec_of(8100ms));
  auto const comes = [&](std::uint64_t generation) {
    if (generation > 1) reserves();
    auto const write = image_is_taken(capsule_id);
    staged(write);
    thaws(capsule_id, e1);
    runs_again(capsule_id);
    written(write);
    reports(e1, generation, std::nullopt);
  };
  auto const beats = [&] {  // and no more before that is answered
    did<host::ReadLoad>();
    event(host::LoadRead{});
    return told_allocator<msg::Heartbeat>().sent;
  };
  from_allocator(msg::Welcome{500ms, 10s});
  did<host::SetLease>();
  beats();
  pass(8100ms);
  comes(1);
  pass(8100ms);
  comes(2);  // it has run for two seconds since
  pass(3 * 8100ms);
  nothing_else();
  from_allocator(msg::Poll{});
  from_allocator(msg::HeartbeatSeen{beats()});
  did<host::SetLease>();
  pass(500ms);
  beats();
  pass(7600ms);
  comes(3);
}

TEST_F(HostCheckpoint, AnIntervalSkipsWhatIsUnderWay) {
  auto const capsule_id = running(e1, spec_of(10s));
  asks_for_image(50);
  auto const write = image_is_taken(capsule_id);
  pass(10s);
  nothing_else();
  staged(write);
  thaws(capsule_id, e1);
  written(write);
  reports(e1, 1, RequestId{50});
}

TEST_F(HostCheckpoint, AnIntervalWaitsAsLongAsAStepTakes) {
  auto const capsule_id = running(e1, spec_of(10s));
  pass(10s);
  did<host::FreezeCapsule>();
  pass(300s);
  nothing_else();
  freezes(capsule_id);
  is_written(capsule_id);
}

TEST_F(HostCheckpoint, AFailedIntervalIsReportedAndBacksOff) {
  auto const capsule_id = running(e1, spec_of(10s));
  reported(capsule_id);
  for (auto const wait : {10s, 20s, 40s, 80s, 80s}) {
    pass(wait - 1s);
    nothing_else();
    pass(1s);
    reserves();
    auto const write = image_is_taken(capsule_id);
    staged(write);
    thaws(capsule_id, e1);
    runs_again(capsule_id);
    not_written(write);
    auto const trouble = told_allocator<msg::Trouble>();
    EXPECT_EQ(trouble.job, job);
    EXPECT_EQ(trouble.what.code, "no_space");
  }
  pass(80s);
  reserves();
  auto const write = image_is_taken(capsule_id);
  staged(write);
  thaws(capsule_id, e1);
  runs_again(capsule_id);
  written(write);
  reports(e1, 6, std::nullopt);
  pass(10s);  // the first success brings the interval back
  reserves();
  did<host::FreezeCapsule>();
}

TEST_F(HostCheckpoint, ASuspendedJobThatHasNotChangedIsNotWrittenAgain) {
  auto const capsule_id = running(e1, spec_of(10s));
  from_allocator(msg::SuspendJob{RequestId{31}, job, e1});
  did<host::SuspendCapsule>();
  capsule(capsule::Suspended{capsule_id});
  told_allocator<msg::OrderDone>();
  pass(10s);
  auto const write = image_is_taken(capsule_id);
  staged(write);
  thaws(capsule_id, e1);
  capsule(capsule::Running{capsule_id, 40, true});
  written(write);
  reports(e1, 1, std::nullopt);
  pass(100s);
  nothing_else();
  from_allocator(msg::ResumeJob{RequestId{32}, job, e1});
  did<host::ResumeCapsule>();
  capsule(capsule::Resumed{capsule_id});
  told_allocator<msg::OrderDone>();
  pass(10s);
  reserves();
  did<host::FreezeCapsule>();
}

TEST_F(HostCheckpoint, OrdersWaitWhileFrozen) {
  auto const capsule_id = running();
  asks_for_image(50);
  auto const write = image_is_taken(capsule_id);
  from_allocator(msg::CallJob{RequestId{31}, job, e1, "peek", {}});
  nothing_else();
  staged(write);
  thaws(capsule_id, e1);
  EXPECT_EQ(did<host::CallCapsule>().request, RequestId{31});
}

// ---- and moves

struct IntervalMoves : HostCheckpoint {
  // The rest of an interval and what an image cost, as the commit frame carries them here.
  CapsuleId came_with(JobSpec const& spec, Duration age, Duration cost) {
    from_allocator(msg::PrepareArrival{job, other, e1, e2, e3, spec, arena_bytes});
    auto const coming = did<host::PrepareCapsule>().order.capsule;
    capsule(capsule::Prepared{coming});
    sent<msg::ArrivalReady>(other);
    round_comes(coming);
    pages_come();
    from(other, msg::Commit{job, e2, manifest_at(40), commit_digest(manifest_at(40), e2, Digest{5}), Generation{3}, 1,
                            age, cost});
    restores(coming);
    accepts(coming);
    nothing_else();
    return coming;
  }
};

TEST_F(IntervalMoves, TheAgeOfTheIntervalGoesWithTheJob) {
  auto const capsule_id = running(e1, spec_of(10s));
  pass(7s);
  auto const commit = committed(capsule_id);
  EXPECT_EQ(commit.interval_age, 7s);
  EXPECT_EQ(commit.checkpoint_cost, Duration{0});  // it was never measured
}

TEST_F(IntervalMoves, WithoutAnIntervalThereIsNoAge) {
  auto const capsule_id = running();
  pass(7s);
  EXPECT_EQ(committed(capsule_id).interval_age, Duration{0});
}

TEST_F(IntervalMoves, WhatTheLastImageCostGoesAlong) {
  auto const capsule_id = running(e1, spec_of(10s));
  asks_for_image(50);
  auto const write = image_is_taken(capsule_id);
  pass(2s);
  staged(write);
  thaws(capsule_id, e1);
  runs_again(capsule_id);
  written(write);
  reports(e1, 1, RequestId{50});
  auto const commit = committed(capsule_id);
  EXPECT_EQ(commit.checkpoint_cost, 2s);
  EXPECT_EQ(commit.interval_age, 2s);  // an image on request is none by interval
}

TEST_F(IntervalMoves, OneThatIsDueAndNotTakenIsDueThere) {
  auto const capsule_id = running(e1, spec_of(10s));
  reported(capsule_id);
  pass(11s);
  did<host::ReserveStaging>();
  auto const stream = leaving(capsule_id);
  EXPECT_EQ(commits(stream).interval_age, 10s);
}

TEST_F(IntervalMoves, TheTargetGoesOnCounting) {
  auto const capsule_id = came_with(spec_of(10s), 7s, {});
  pass(2s);
  nothing_else();
  pass(1s);
  auto const write = image_is_taken(capsule_id);
  EXPECT_EQ(write.label.generation, Generation{4});
}

TEST_F(IntervalMoves, AndSendsItOnWhenTheJobLeavesAgain) {
  auto const capsule_id = came_with(spec_of(10s), 7s, 3s);
  pass(2s);
  from(third, msg::ArrivalReady{job, e2, e3, e4});
  did<host::FreezeCapsule>();
  freezes(capsule_id);
  auto const commit = commits(image_leaves(capsule_id, e2, third), e2, third);
  EXPECT_EQ(commit.interval_age, 9s);
  EXPECT_EQ(commit.checkpoint_cost, 3s);
}

TEST_F(IntervalMoves, OneThatWasDueIsTakenAtOnce) {
  auto const capsule_id = came_with(spec_of(10s), 10s, {});
  pass(Duration{1});
  image_is_taken(capsule_id);
}

TEST_F(IntervalMoves, TheAutomaticIntervalKnowsWhatAnImageCost) {
  auto spec = spec_of();
  spec.checkpoint_auto = true;
  auto const capsule_id = came_with(spec, {}, 40ms);
  auto const interval = checkpoint::daly(40ms, checkpoint::failures_every_unknown);
  ASSERT_LT(interval, checkpoint::daly(checkpoint::cost_unmeasured, checkpoint::failures_every_unknown));
  pass(interval - 1s);
  nothing_else();
  pass(1s);
  image_is_taken(capsule_id);
}

TEST_F(IntervalMoves, TheAutomaticIntervalKnowsHowOftenHostsFail) {
  auto spec = spec_of();
  spec.checkpoint_auto = true;
  from_allocator(msg::HeartbeatSeen{.failures_every = std::chrono::hours(2)});
  auto const capsule_id = came_with(spec, {}, 40ms);
  auto const interval = checkpoint::daly(40ms, std::chrono::hours(2));
  ASSERT_LT(interval, checkpoint::daly(40ms, checkpoint::failures_every_unknown));
  pass(interval - 1s);
  nothing_else();
  pass(1s);
  image_is_taken(capsule_id);
}

TEST_F(HostCheckpoint, WhatIsToBePrunedGoesToTheStoreAndWhatIsGoneToWhoAsked) {
  msg::ImageName const image{e1, Generation{1}, checkpoint_path(job, e1, Generation{1})};
  from_allocator(msg::PruneJob{RequestId{70}, job, {image}, {}, {.keep = 1}, false});
  auto const order = did<host::PruneImages>().order;
  EXPECT_EQ(order.job, job);
  EXPECT_EQ(order.lineage, std::vector{image});
  EXPECT_EQ(order.retention.keep, 1);
  msg::Pruned gone;
  gone.request = order.request;
  gone.job = job;
  gone.removed = {image};
  store(stored::Pruned{order.request, gone, false});
  auto const answer = told_allocator<msg::Pruned>();
  EXPECT_EQ(answer.request, RequestId{70});
  EXPECT_EQ(answer.removed, std::vector{image});
  store(stored::Pruned{order.request, gone, false});  // once
}

TEST_F(HostCheckpoint, AMoveDoesNotWaitForTheFile) {
  auto const capsule_id = running();
  asks_for_image(50);
  auto const write = image_is_taken(capsule_id);
  staged(write);
  thaws(capsule_id, e1);
  runs_again(capsule_id);
  auto const commit = committed(capsule_id);
  EXPECT_EQ(commit.generation, Generation{1});  // taken, though not durable yet
  EXPECT_EQ(commit.checkpoint_epoch, 1U);
  from(other, msg::Accepted{job, e2, 40, false});
  gone(capsule_id);
  told_allocator<msg::Departed>();
  nothing_else();
  written(write);  // late, and of an old epoch
  reports(e1, 1, RequestId{50});
}

TEST_F(HostCheckpoint, AMoveWhileStagedGoesOnFromTheSameFreeze) {
  auto const capsule_id = running();
  asks_for_image(50);
  auto const frozen_at = now;
  auto const write = image_is_taken(capsule_id);
  now = now + 1ms;
  from(other, msg::ArrivalReady{job, e1, e2, e3});
  auto const stream = image_leaves(capsule_id);
  commits(stream);
  from(other, msg::Accepted{job, e2, 40, false});
  killed(capsule_id);  // but its arena is still being staged
  EXPECT_EQ(told_allocator<msg::Departed>().figures.stopped, now - frozen_at);
  nothing_else();
  staged(write);
  forgotten(capsule_id);
  written(write);
  reports(e1, 1, RequestId{50});
}

TEST_F(HostCheckpoint, BothWantTheSameFreeze) {
  auto const capsule_id = running();
  called_for(capsule_id);
  asks_for_image(50);
  nothing_else();
  freezes(capsule_id);
  auto const stream = image_leaves(capsule_id);
  auto const write = is_written(capsule_id);
  staged(write);
  nothing_else();  // the move holds it
  commits(stream);
  from(other, msg::Refused{job, e1, e2, e3, retry_later("no_memory", "no room")});
  stays(e3);
  thaws(capsule_id, e3, Others::gone);
  written(write);
  reports(e1, 1, RequestId{50});
}

TEST_F(HostCheckpoint, AMoveThatFailsWhileStagedThawsWhenThatIsDone) {
  auto const capsule_id = running();
  asks_for_image(50);
  auto const write = image_is_taken(capsule_id);
  from(other, msg::ArrivalReady{job, e1, e2, e3});
  image_leaves(capsule_id);
  from(other, msg::Refused{job, e1, e2, e3, retry_later("no_memory", "no room")});
  stays(e3);
  sent<msg::AbandonMove>(other);
  nothing_else();
  staged(write);
  thaws(capsule_id, e3);
}

TEST_F(HostCheckpoint, AMoveThatIsGivenUpLeavesTheCheckpointWanted) {
  auto const capsule_id = running();
  called_for(capsule_id);
  pass(20s);
  asks_for_image(50);
  pass(10s);
  thaws(capsule_id, e3);  // withdraws, and hands the new epoch over
  stays(e3);
  sent<msg::AbandonMove>(other);
  EXPECT_EQ(did<host::FreezeCapsule>().capsule, capsule_id);
  nothing_else();
  runs_again(capsule_id);
  freezes(capsule_id);
  EXPECT_EQ(is_written(capsule_id).label.epoch, e3);
}

TEST_F(HostCheckpoint, TheIntervalGoesOnWhereTheJobArrives) {
  from_allocator(msg::PrepareArrival{job, other, e1, e2, e3, spec_of(10s), arena_bytes});
  auto const coming = did<host::PrepareCapsule>().order.capsule;
  capsule(capsule::Prepared{coming});
  sent<msg::ArrivalReady>(other);
  round_comes(coming);
  pages_come();
  commit_comes(e2, other, 4);
  restores(coming);
  accepts(coming);
  pass(10s);
  EXPECT_EQ(image_is_taken(coming).label.generation, Generation{5});
}

}  // namespace
}  // namespace godwit::test
