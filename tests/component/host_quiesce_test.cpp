// The end of a world: whatever goes on, each job's last image is taken from its last state, nothing runs
// after it, and Quiesced comes last and names what could not be saved.
#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

struct HostQuiesce : testing::Test, Scenes {
  void quiesces() { from_allocator(msg::Quiesce{}); }
  void last_image(CapsuleId capsule_id, host::WriteCheckpoint const& write, Epoch epoch,
                  std::uint64_t generation, std::optional<RequestId> request = {}) {
    written(write);
    reports(epoch, generation, request);
    gone(capsule_id);
    quiet();
  }
  void quiet() {
    EXPECT_TRUE(told_allocator<msg::Quiesced>().unsaved.empty());
    nothing_else();
    EXPECT_EQ(timers(), 0U);
  }
};

TEST_F(HostQuiesce, Nothing) {
  quiesces();
  quiet();
  quiesces();  // once
}

TEST_F(HostQuiesce, ARunningJob) {
  auto const capsule_id = running(e1, spec_of(10s));
  quiesces();
  auto const write = image_is_taken(capsule_id);
  staged(write);
  nothing_else();  // no thaw
  last_image(capsule_id, write, e1, 1);
  from_allocator(msg::Leave{});
  EXPECT_EQ(did<host::Exit>().code, 0);
}

TEST_F(HostQuiesce, ACheckpointOfAnEarlierStateDoesNotCount) {
  auto const capsule_id = running();
  asks_for_image(50);
  auto const first = image_is_taken(capsule_id);
  staged(first);
  thaws(capsule_id, e1);
  runs_again(capsule_id);
  quiesces();
  nothing_else();  // one is being written
  written(first);
  reports(e1, 1, RequestId{50});
  auto const second = image_is_taken(capsule_id, 44);
  staged(second);
  last_image(capsule_id, second, e1, 2);
}

TEST_F(HostQuiesce, ACheckpointOfTheStateThatIsFrozenCounts) {
  for (bool const staged_before : {false, true}) {
    Scenes scene;
    auto const capsule_id = scene.running();
    scene.asks_for_image(50);
    auto const write = scene.image_is_taken(capsule_id);
    if (staged_before) {  // held by a move
      scene.from(other, msg::ArrivalReady{job, e1, e2, e3});
      auto const stream = scene.image_leaves(capsule_id);
      scene.staged(write);
      scene.commits(stream);
    }
    scene.from_allocator(msg::Quiesce{});
    if (staged_before) {
      scene.from(other, msg::Refused{job, e1, e2, e3, retry_later("stopping", "stopping")});
      scene.stays(e3);
    } else {
      scene.staged(write);
    }
    scene.nothing_else();
    scene.written(write);
    scene.reports(e1, 1, RequestId{50});
    scene.gone(capsule_id);
    scene.told_allocator<msg::Quiesced>();
  }
}

TEST_F(HostQuiesce, AFreezeThatIsAskedForServesBoth) {
  auto const capsule_id = running();
  asks_for_image(50);
  did<host::FreezeCapsule>();
  quiesces();
  nothing_else();
  freezes(capsule_id);
  auto const write = is_written(capsule_id);
  staged(write);
  last_image(capsule_id, write, e1, 1, RequestId{50});
}

TEST_F(HostQuiesce, AJobThatWasToLeaveStays) {
  auto const capsule_id = running();
  called_for(capsule_id);
  quiesces();
  thaws(capsule_id, e3);
  stays(e3);
  sent<msg::AbandonMove>(other);
  auto const freeze = did<host::FreezeCapsule>();
  EXPECT_EQ(freeze.capsule, capsule_id);
  nothing_else();
  runs_again(capsule_id);
  freezes(capsule_id);
  last_image(capsule_id, is_written(capsule_id), e3, 1);
}

TEST_F(HostQuiesce, AMoveThatIsCommittedDecides) {
  auto const capsule_id = running();
  committed(capsule_id);
  quiesces();
  nothing_else();
  from(other, msg::Accepted{job, e2, 40, false});
  gone(capsule_id);
  told_allocator<msg::Departed>();
  quiet();
}

TEST_F(HostQuiesce, AMoveThatIsCommittedAndRefusedIsSavedHere) {
  auto const capsule_id = running();
  committed(capsule_id);
  quiesces();
  from(other, msg::Refused{job, e1, e2, e3, retry_later("stopping", "stopping")});
  stays(e3);
  auto const write = is_written(capsule_id);
  EXPECT_EQ(write.label.epoch, e3);
  staged(write);
  last_image(capsule_id, write, e3, 1);
}

TEST_F(HostQuiesce, AMoveThatIsSendingIsSavedWhereItIs) {
  auto const capsule_id = running();
  auto const stream = leaving(capsule_id);
  quiesces();
  auto const write = is_written(capsule_id);  // it is frozen, so why wait
  commits(stream);
  from(other, msg::Accepted{job, e2, 40, false});
  killed(capsule_id);
  told_allocator<msg::Departed>();
  nothing_else();
  staged(write);
  forgotten(capsule_id);
  written(write);
  reports(e1, 1, std::nullopt);
  quiet();
}

TEST_F(HostQuiesce, AnImageTakenWhileItWasSentServesIfItStays) {
  auto const capsule_id = running();
  leaving(capsule_id);
  quiesces();
  auto const write = is_written(capsule_id);
  staged(write);
  written(write);
  reports(e1, 1, std::nullopt);
  nothing_else();  // the move is open
  from(other, msg::Refused{job, e1, e2, e3, retry_later("stopping", "stopping")});
  stays(e3);
  sent<msg::AbandonMove>(other);
  killed(capsule_id);  // the pages are still under way
  quiet();
}

// Silent, cut off or dead: its pages never arrive, so it never had a commit frame either.
TEST_F(HostQuiesce, ATargetThatDoesNotTakeThePagesIsWaitedForNoLonger) {
  auto const capsule_id = running();
  leaving(capsule_id);
  quiesces();
  auto const write = is_written(capsule_id);
  staged(write);
  written(write);
  reports(e1, 1, std::nullopt);
  pass(29s);
  nothing_else();  // the move is open
  pass(1s);
  stays(e3);
  sent<msg::AbandonMove>(other);
  killed(capsule_id);  // the pages are still under way
  quiet();
}

// ---- a job that is being started

struct HostQuiesceEarly : HostQuiesce {
  CapsuleId granted(std::vector<msg::ImageName> const& images = {}) {
    from_allocator(msg::StartJob{job, e2, spec_of(), images});
    return did<host::PrepareCapsule>().order.capsule;
  }
  // Its capsule says at last that it runs.
  void runs_and_is_saved(CapsuleId capsule_id, std::uint64_t steps) {
    nothing_else();
    capsule(capsule::Running{capsule_id, steps, false});
    EXPECT_EQ(told_allocator<msg::JobStarted>().steps, steps);
    auto const write = image_is_taken(capsule_id);
    EXPECT_EQ(write.label.epoch, e2);
    staged(write);
    written(write);
    told_allocator<msg::Checkpointed>();
    gone(capsule_id);
    quiet();
  }
};

TEST_F(HostQuiesceEarly, ThatMayHaveStartedByItselfIsWaitedFor) {
  auto const capsule_id = granted();
  quiesces();
  nothing_else();  // it may run already: what it has done is kept
  capsule(capsule::Prepared{capsule_id});
  runs_and_is_saved(capsule_id, 3);
  from_allocator(msg::StartJob{job, e4, spec_of(), {}});  // none is started any more
  nothing_else();
}

TEST_F(HostQuiesceEarly, ThatWasStartedIsWaitedFor) {
  auto const capsule_id = granted();
  capsule(capsule::Prepared{capsule_id, {"/out.txt"}});
  told_allocator<msg::ClaimOutputs>();
  from_allocator(msg::OutputsClaimed{job, e2, std::nullopt});
  did<host::StartCapsule>();
  quiesces();
  runs_and_is_saved(capsule_id, 0);
}

TEST_F(HostQuiesceEarly, ThatIsBeingRestoredIsWaitedFor) {
  auto const capsule_id = granted({image_of(e1, 8)});
  auto const verify = did<host::VerifyImages>();
  store(stored::Verified{verify.request, image_of(e1, 8), manifest_at(40), arena_bytes, {}});
  capsule(capsule::Prepared{capsule_id});
  store(stored::Loaded{did<host::LoadImage>().request, Done{}});
  did<host::RestoreCapsule>();
  quiesces();
  runs_and_is_saved(capsule_id, 40);
}

TEST_F(HostQuiesceEarly, ThatEndsBeforeItHasSaidThatItRunsHasEnded) {
  auto const capsule_id = granted();
  quiesces();
  nothing_else();
  capsule(capsule::Prepared{capsule_id});
  capsule(capsule::Ended{capsule_id, {Ending::finished, {}, {}, 1}});
  EXPECT_EQ(told_allocator<msg::JobEnded>().outcome.ending, Ending::finished);
  forgotten(capsule_id);
  quiet();
}

TEST_F(HostQuiesceEarly, ThatWasNotStartedIsNot) {
  auto const capsule_id = granted();
  capsule(capsule::Prepared{capsule_id, {"/out.txt"}});
  told_allocator<msg::ClaimOutputs>();
  quiesces();
  gone(capsule_id);
  quiet();
  from_allocator(msg::OutputsClaimed{job, e2, std::nullopt});
  nothing_else();
}

TEST_F(HostQuiesceEarly, ThatTurnsOutNotToHaveStartedIsNot) {
  auto const capsule_id = granted();
  quiesces();
  nothing_else();
  capsule(capsule::Prepared{capsule_id, {"/out.txt"}});
  gone(capsule_id);
  quiet();
}

TEST_F(HostQuiesceEarly, WhoseImageIsBeingLoadedIsNot) {
  auto const capsule_id = granted({image_of(e1, 8)});
  did<host::VerifyImages>();
  quiesces();
  gone(capsule_id);
  quiet();
}

TEST_F(HostQuiesceEarly, ThatNeverSaysThatItRunsIsUnsaved) {
  auto const capsule_id = granted();
  capsule(capsule::Prepared{capsule_id});
  quiesces();
  pass(29s);
  nothing_else();
  pass(1s);
  gone(capsule_id);
  auto const unsaved = told_allocator<msg::Quiesced>().unsaved;
  ASSERT_EQ(unsaved.size(), 1U);
  EXPECT_EQ(unsaved[0].first, job);
  EXPECT_EQ(unsaved[0].second.code, "not_started");
}

// ---- a job that moves

TEST_F(HostQuiesce, WhatIsStillArrivingIsRefused) {
  auto const coming = ready();
  round_comes(coming);
  quiesces();
  EXPECT_EQ(refuses().code, "stopping");
  killed(coming);
  quiet();
  pages_come();
  from(other, msg::AbandonMove{job, e2, e3, false, reject("no", "refused"), true});
  forgotten(coming);
  from_allocator(msg::PrepareArrival{JobId{8}, other, e1, e2, e3, spec_of(), 0});
  told_allocator<msg::Refused>();
  sent<msg::Refused>(other);
}

TEST_F(HostQuiesce, WhatIsBeingRestoredIsAcceptedAndSaved) {
  auto const coming = ready();
  round_comes(coming);
  pages_come();
  commit_comes();
  restores(coming);
  quiesces();
  nothing_else();
  accepts(coming);
  auto const write = image_is_taken(coming);
  last_image(coming, write, e2, 1);
}

TEST_F(HostQuiesce, AReadyTargetIsTurnedDown) {
  auto const capsule_id = running();
  quiesces();
  did<host::FreezeCapsule>();
  from(other, msg::ArrivalReady{job, e1, e2, e3});
  stays(e3);
  sent<msg::AbandonMove>(other);
  thaws(capsule_id, e3);
  did<host::FreezeCapsule>();
  nothing_else();
  runs_again(capsule_id);
  freezes(capsule_id);
  last_image(capsule_id, is_written(capsule_id), e3, 1);
}

TEST_F(HostQuiesce, AJobWithoutASafePointIsUnsaved) {
  auto const capsule_id = running();
  quiesces();
  did<host::FreezeCapsule>();
  pass(29s);
  nothing_else();
  pass(1s);
  gone(capsule_id);
  auto const unsaved = told_allocator<msg::Quiesced>().unsaved;
  ASSERT_EQ(unsaved.size(), 1U);
  EXPECT_EQ(unsaved[0].first, job);
  EXPECT_EQ(unsaved[0].second.code, "no_safe_point");
}

TEST_F(HostQuiesce, AnImageThatCannotBeWrittenIsUnsaved) {
  auto const capsule_id = running();
  quiesces();
  auto const write = image_is_taken(capsule_id);
  staged(write);
  not_written(write);
  gone(capsule_id);
  auto const unsaved = told_allocator<msg::Quiesced>().unsaved;
  ASSERT_EQ(unsaved.size(), 1U);
  EXPECT_EQ(unsaved[0].second.code, "no_space");
}

TEST_F(HostQuiesce, ATargetThatDoesNotAnswerLeavesItUnsaved) {
  auto const capsule_id = running();
  committed(capsule_id);
  quiesces();
  pass(30s);
  gone(capsule_id);
  auto const unsaved = told_allocator<msg::Quiesced>().unsaved;
  ASSERT_EQ(unsaved.size(), 1U);
  EXPECT_EQ(unsaved[0].second.code, "no_answer");
}

TEST_F(HostQuiesce, AJobThatEndsMeanwhileHasEnded) {
  auto const capsule_id = running();
  quiesces();
  did<host::FreezeCapsule>();
  capsule(capsule::Ended{capsule_id, {Ending::finished, {}, {}, 41}});
  EXPECT_EQ(told_allocator<msg::JobEnded>().outcome.ending, Ending::finished);
  forgotten(capsule_id);
  quiet();
}

TEST_F(HostQuiesce, ACrashMeanwhileHasCrashed) {
  auto const capsule_id = running();
  quiesces();
  did<host::FreezeCapsule>();
  capsule(capsule::Died{capsule_id, {Ending::crashed, "killed by signal 9", {}, 41}});
  EXPECT_EQ(told_allocator<msg::JobEnded>().outcome.ending, Ending::crashed);
  forgotten(capsule_id);
  quiet();
}

TEST_F(HostQuiesce, ASuspendedJobIsSavedToo) {
  auto const capsule_id = running();
  from_allocator(msg::SuspendJob{RequestId{31}, job, e1});
  did<host::SuspendCapsule>();
  capsule(capsule::Suspended{capsule_id});
  told_allocator<msg::OrderDone>();
  quiesces();
  last_image(capsule_id, image_is_taken(capsule_id), e1, 1);
}

TEST_F(HostQuiesce, OrdersAreTurnedDown) {
  auto const capsule_id = running();
  quiesces();
  did<host::FreezeCapsule>();
  from_allocator(msg::CallJob{RequestId{31}, job, e1, "peek", {}});
  EXPECT_EQ(told_allocator<msg::OrderDone>().failure->code, "stopping");
  freezes(capsule_id);
  last_image(capsule_id, is_written(capsule_id), e1, 1);
}

TEST_F(HostQuiesce, AnOldCopyThatWaitsForItsAccepted) {
  auto const old = running(e1);
  committed(old, e1, other);
  auto const again = came(e4, third);
  quiesces();
  auto const write = image_is_taken(again);
  staged(write);
  written(write);
  reports(e4, 1, std::nullopt);
  gone(again);
  nothing_else();
  from(other, msg::Accepted{job, e2, 40, false});
  gone(old);
  told_allocator<msg::Departed>();
  quiet();
}

}  // namespace
}  // namespace godwit::test
