// The source's half of a move: frozen only when the target is ready, thawed by itself only before the
// commit frame, and exactly one last word (Commit or AbandonMove) to each ArrivalReady.
#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

struct HostDeparture : testing::Test, Scenes {
  msg::AbandonMove abandons(Rank target = other, Epoch target_epoch = e2) {
    auto word = sent<msg::AbandonMove>(target);
    EXPECT_EQ(word.target_epoch, target_epoch);
    return word;
  }
  void refused(Epoch epoch = e1, Rank target = other) {
    from(target,
         msg::Refused{job, epoch, epoch.next(), epoch.next().next(), retry_later("no_memory", "no room")});
  }
};

TEST_F(HostDeparture, GoesWell) {
  auto const capsule_id = running();
  called_for(capsule_id);
  auto const frozen_at = now;
  freezes(capsule_id);
  auto const stream = image_leaves(capsule_id);
  now = now + 3ms;
  commits(stream);
  now = now + 2ms;
  from(other, msg::Accepted{job, e2, 40, false});
  gone(capsule_id);
  auto const departed = told_allocator<msg::Departed>();
  EXPECT_EQ(departed.target_epoch, e2);
  EXPECT_EQ(departed.figures.bytes, arena_bytes + manifest_at(40).size());
  EXPECT_EQ(departed.figures.stopped, now - frozen_at);
  EXPECT_EQ(departed.figures.transfer, 3ms);
  EXPECT_EQ(timers(), 0U);
}

TEST_F(HostDeparture, AnEmptyArenaIsARoundWithoutPages) {
  auto const capsule_id = running();
  called_for(capsule_id);
  capsule(capsule::Frozen{capsule_id, now, manifest_at(40), 0});
  EXPECT_TRUE(sent<msg::Round>(other).ranges.empty());
  auto const pages = did<host::SendPages>();
  EXPECT_TRUE(pages.ranges.empty());
  event(PagesSent{other, pages.stream, Digest{}});
  sent<msg::Commit>(other);
}

TEST_F(HostDeparture, RefusedBeforeItEverKnew) {
  auto const capsule_id = running();
  refused();
  thaws(capsule_id, e3);
  EXPECT_EQ(stays(e3).why.code, "no_memory");
  runs_again(capsule_id);
  refused();  // and of old: not again
  nothing_else();
  called_for(capsule_id, e3);  // the next move starts from the thaw epoch
}

TEST_F(HostDeparture, AbandonedBeforeItEverKnew) {
  auto const capsule_id = running();
  from_allocator(msg::AbandonMove{job, e2, e3, false, retry_later("cancelled", "not wanted any more")});
  thaws(capsule_id, e3);
  stays(e3);
  runs_again(capsule_id);
  from(other, msg::ArrivalReady{job, e1, e2, e3});  // it was under way
  EXPECT_EQ(abandons().why.code, "not_here");
}

TEST_F(HostDeparture, RefusedWhileWaiting) {
  auto const capsule_id = running();
  called_for(capsule_id);
  refused();
  thaws(capsule_id, e3);
  stays(e3);
  abandons();
  EXPECT_EQ(timers(), 0U);
}

TEST_F(HostDeparture, RefusedWhileSending) {
  auto const capsule_id = running();
  auto const stream = leaving(capsule_id);
  refused();
  thaws(capsule_id, e3);
  stays(e3);
  abandons();
  nothing_else();
  event(PagesSent{other, stream, Digest{5}});  // taken, and nothing comes of it
}

TEST_F(HostDeparture, RefusedAfterTheCommitFrame) {
  auto const capsule_id = running();
  committed(capsule_id);
  refused();
  thaws(capsule_id, e3, Others::gone);  // it may have died when it had cut the outputs back
  EXPECT_EQ(stays(e3).why.context, "no room");
  nothing_else();  // Commit was the last word
  runs_again(capsule_id);
  from(other, msg::Accepted{job, e2, 40, false});  // can't be; and would change nothing
}

TEST_F(HostDeparture, NoSafePointInTime) {
  auto const capsule_id = running();
  CapsuleReport report;
  report.steps = 16;
  report.last_safe_point = Instant{now.boot_ns - Duration(11s).count()};
  event(host::LoadRead{{}, {{capsule_id, report}}});
  called_for(capsule_id);
  pass(29s);
  nothing_else();
  pass(1s);
  thaws(capsule_id, e3);
  auto const stayed = stays(e3);
  EXPECT_EQ(stayed.why.code, "no_safe_point");
  EXPECT_NE(stayed.why.context.find("for 41"), std::string::npos) << stayed.why.context;
  EXPECT_NE(stayed.why.context.find("step 17"), std::string::npos) << stayed.why.context;
  abandons();
}

TEST_F(HostDeparture, AFrozenThatCrossesTheWithdrawalIsIgnored) {
  auto const capsule_id = running();
  called_for(capsule_id);
  from_allocator(msg::AbandonMove{job, e2, e3, false, retry_later("cancelled", "not wanted")});
  thaws(capsule_id, e3);
  stays(e3);
  abandons();
  nothing_else();
  called_for(capsule_id, e3, third);  // the next move asks for a freeze at once
  freezes(capsule_id, 39);            // of the freeze that was withdrawn: it runs on
  nothing_else();
  runs_again(capsule_id);  // answers the thaw
  freezes(capsule_id, 41);
  image_leaves(capsule_id, e3, third);
}

TEST_F(HostDeparture, AbandonedByTheAllocatorBeforeTheCommitFrame) {
  for (bool const sending : {false, true}) {
    Scenes scene;
    auto const capsule_id = scene.running();
    sending ? (void)scene.leaving(capsule_id) : scene.called_for(capsule_id);
    scene.from_allocator(msg::AbandonMove{job, e2, e3, false, retry_later("cancelled", "not wanted")});
    scene.thaws(capsule_id, e3);
    scene.stays(e3);
    EXPECT_EQ(scene.sent<msg::AbandonMove>(other).target_epoch, e2);
  }
}

TEST_F(HostDeparture, AfterTheCommitFrameOnlyAFencedTargetLetsItThaw) {
  auto const capsule_id = running();
  committed(capsule_id);
  pass(600s);
  from_allocator(msg::AbandonMove{job, e2, e3, false, peer_lost("host_died", "silent")});
  nothing_else();
  event(PeerDied{other});
  nothing_else();
  from_allocator(msg::AbandonMove{job, e2, e3, true, peer_lost("host_died", "fenced")});
  thaws(capsule_id, e3, Others::perhaps_there);  // the target may have opened its outputs
  stays(e3);
  runs_again(capsule_id);
  called_for(capsule_id, e3, third);
  pass(30s);
  stays(e5);
  sent<msg::AbandonMove>(third);
  thaws(capsule_id, e5);  // they are its own by now
}

TEST_F(HostDeparture, ThatCannotHaveFilesOfItsOwnHasCrashed) {
  auto const capsule_id = running();
  committed(capsule_id);
  from_allocator(msg::AbandonMove{job, e2, e3, true, peer_lost("host_died", "fenced")});
  thaws(capsule_id, e3, Others::perhaps_there);
  stays(e3);
  capsule(capsule::Failed{capsule_id, retry_later("no_space", "the disk is full")});
  EXPECT_EQ(told_allocator<msg::JobEnded>().outcome.ending, Ending::crashed);
  forgotten(capsule_id);
}

TEST_F(HostDeparture, AFencedTargetThatHadNoCommitFrameLeavesTheFilesAlone) {
  auto const capsule_id = running();
  leaving(capsule_id);
  from_allocator(msg::AbandonMove{job, e2, e3, true, peer_lost("host_died", "fenced")});
  sent<msg::AbandonMove>(other);  // it may only have refused
  thaws(capsule_id, e3, Others::none);
  stays(e3);
}

TEST_F(HostDeparture, TheTargetDiesBeforeTheCommitFrame) {
  auto const capsule_id = running();
  leaving(capsule_id);
  event(PeerDied{third});
  nothing_else();
  event(PeerDied{other});
  thaws(capsule_id, e3);
  EXPECT_EQ(stays(e3).why.code, "peer_died");
  nothing_else();
  runs_again(capsule_id);
  // The pages that the dead peer didn't take refer to the arena for ever.
  capsule(capsule::Ended{capsule_id, {Ending::finished, {}, {}, 50}});
  EXPECT_EQ(told_allocator<msg::JobEnded>().epoch, e3);
}

TEST_F(HostDeparture, TheTargetWasReadyAndIsDead) {
  auto const capsule_id = running();
  event(PeerDied{other});
  from(other, msg::ArrivalReady{job, e1, e2, e3});  // sent before, come in after
  thaws(capsule_id, e3);
  stays(e3);
}

TEST_F(HostDeparture, EndsBeforeItFroze) {
  auto const capsule_id = running();
  called_for(capsule_id);
  capsule(capsule::Ended{capsule_id, {Ending::finished, {}, {}, 50}});
  EXPECT_EQ(told_allocator<msg::JobEnded>().epoch, e1);
  EXPECT_EQ(abandons().why.code, "job_ended");
  forgotten(capsule_id);
  EXPECT_EQ(timers(), 0U);
}

TEST_F(HostDeparture, AJobThatIsNotHereIsNotSent) {
  from(other, msg::ArrivalReady{job, e1, e2, e3});
  EXPECT_EQ(abandons().why.code, "not_here");
  running(e4);
  from(other, msg::ArrivalReady{job, e1, e2, e3});  // an older epoch
  abandons();
}

TEST_F(HostDeparture, ACapsuleThatDiesFrozenLeavesItsImage) {
  auto const capsule_id = running();
  auto const stream = leaving(capsule_id);
  capsule(capsule::Died{capsule_id, {Ending::crashed, "killed by signal 9", {}, 40}});
  nothing_else();
  commits(stream);
  from(other, msg::Accepted{job, e2, 40, false});
  forgotten(capsule_id);
  told_allocator<msg::Departed>();
}

TEST_F(HostDeparture, ACapsuleThatDiesFrozenAndIsRefusedHasCrashed) {
  auto const capsule_id = running();
  committed(capsule_id);
  capsule(capsule::Died{capsule_id, {Ending::crashed, "killed by signal 9", {}, 40}});
  refused();
  stays(e3);
  auto const ended = told_allocator<msg::JobEnded>();
  EXPECT_EQ(ended.epoch, e3);
  EXPECT_EQ(ended.outcome.ending, Ending::crashed);
  forgotten(capsule_id);
}

TEST_F(HostDeparture, OrdersWaitForTheOutcome) {
  auto const capsule_id = running();
  from_allocator(msg::CallJob{RequestId{31}, job, e1, "peek", {}});
  EXPECT_EQ(did<host::CallCapsule>().request, RequestId{31});
  leaving(capsule_id);
  from_allocator(msg::CallJob{RequestId{32}, job, e1, "peek", {"1"}});
  from_allocator(msg::SuspendJob{RequestId{33}, job, e1});
  nothing_else();
  refused();
  thaws(capsule_id, e3);
  stays(e3);
  abandons();
  auto const call = did<host::CallCapsule>();
  EXPECT_EQ(call.request, RequestId{32});
  EXPECT_EQ(call.arguments, std::vector<std::string>{"1"});
  EXPECT_EQ(did<host::SuspendCapsule>().capsule, capsule_id);
}

TEST_F(HostDeparture, OrdersBounceWhenItHasLeft) {
  auto const capsule_id = running();
  from_allocator(msg::CallJob{RequestId{31}, job, e1, "peek", {}});
  did<host::CallCapsule>();
  committed(capsule_id);
  from_allocator(msg::CallJob{RequestId{32}, job, e1, "peek", {}});
  from_allocator(msg::CheckpointJob{RequestId{33}, job, e1});
  from_allocator(msg::CancelJob{RequestId{34}, job, e1});
  auto const cancel = told_allocator<msg::OrderDone>();
  EXPECT_EQ(cancel.request, RequestId{34});
  EXPECT_EQ(cancel.failure->code, "not_here");
  nothing_else();
  from(other, msg::Accepted{job, e2, 40, false});
  gone(capsule_id);
  told_allocator<msg::Departed>();
  for (auto const request : {31, 33, 32}) {
    auto const done = told_allocator<msg::OrderDone>();
    EXPECT_EQ(done.request, RequestId{std::uint64_t(request)});
    EXPECT_EQ(done.failure->code, "not_here");
  }
}

TEST_F(HostDeparture, CancelledBeforeTheCommitFrame) {
  auto const capsule_id = running();
  auto const stream = leaving(capsule_id);
  from_allocator(msg::CancelJob{RequestId{34}, job, e1});
  killed(capsule_id);
  abandons();
  EXPECT_EQ(told_allocator<msg::JobEnded>().outcome.ending, Ending::cancelled);
  EXPECT_FALSE(told_allocator<msg::OrderDone>().failure.has_value());
  nothing_else();
  event(PagesSent{other, stream, Digest{5}});
  forgotten(capsule_id);  // not before its pages have left
}

TEST_F(HostDeparture, ASuspendedJobLeavesLikeAnyOther) {
  auto const capsule_id = running();
  from_allocator(msg::SuspendJob{RequestId{31}, job, e1});
  did<host::SuspendCapsule>();
  capsule(capsule::Suspended{capsule_id});
  told_allocator<msg::OrderDone>();
  committed(capsule_id);
  from(other, msg::Accepted{job, e2, 40, true});
  gone(capsule_id);
  told_allocator<msg::Departed>();
}

}  // namespace
}  // namespace godwit::test
