// The target's half of a move: Round, pages and Commit in any order; refused once and then for ever
// under that epoch; every page stream that was announced finds a receive; and a job that comes back
// while its old copy still waits for its Accepted.
#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

struct HostArrival : testing::Test, Scenes {};

TEST_F(HostArrival, PagesBeforeCommit) {
  came();
}

TEST_F(HostArrival, CommitBeforePages) {
  auto const coming = ready();
  round_comes(coming);
  commit_comes();
  nothing_else();
  pages_come();
  restores(coming);
  accepts(coming);
}

TEST_F(HostArrival, CommitBeforeRound) {
  auto const coming = ready();
  commit_comes();
  nothing_else();
  round_comes(coming);
  nothing_else();
  pages_come();
  restores(coming);
  accepts(coming);
}

TEST_F(HostArrival, ASuspendedJobStaysSuspended) {
  auto const coming = ready();
  round_comes(coming);
  pages_come();
  commit_comes();
  restores(coming);
  accepts(coming, e2, other, true);
  from_allocator(msg::SuspendJob{RequestId{31}, job, e2});
  EXPECT_FALSE(told_allocator<msg::OrderDone>().failure.has_value());  // it is
  from_allocator(msg::ResumeJob{RequestId{32}, job, e2});
  did<host::ResumeCapsule>();
}

TEST_F(HostArrival, CountsGenerationsOnFromTheSource) {
  auto const coming = came(e2, other, 6);
  asks_for_image(50, e2);
  auto const write = image_is_taken(coming);
  EXPECT_EQ(write.label.generation, Generation{7});
  EXPECT_EQ(write.label.parent, image_of(e1, 6));
}

TEST_F(HostArrival, ACapsuleThatCannotBePrepared) {
  auto const coming = expected();
  capsule(capsule::Failed{coming, reject("no_plugin", "count.so does not load")});
  EXPECT_EQ(refuses().code, "no_plugin");
  forgotten(coming);  // the source knows of nothing: no Round can come
}

TEST_F(HostArrival, ACapsuleThatDiesWhenTheSourceWasCalled) {
  auto const coming = ready();
  capsule(capsule::Died{coming, {Ending::crashed, "killed by signal 9", {}, 0}});
  refuses();
  nothing_else();  // a Round may be on its way: the arena is kept
  round_comes(coming);
  refuses();
  nothing_else();
  from(other, msg::AbandonMove{job, e2, e3, false, reject("no", "it was refused"), true});  // the last word
  nothing_else();
  pages_come();
  forgotten(coming);
}

TEST_F(HostArrival, RefusedWhileThePagesAreComing) {
  auto const coming = ready();
  round_comes(coming);
  from_allocator(msg::AbandonMove{job, e2, e3, false, reject("cancelled", "not wanted")});
  refuses();
  killed(coming);
  nothing_else();
  pages_come();
  nothing_else();
  commit_comes();  // the source couldn't know
  EXPECT_EQ(refuses().code, "cancelled");
  forgotten(coming);
}

TEST_F(HostArrival, TheCommitDigestDiffers) {
  for (bool const pages_first : {true, false}) {
    Scenes scene;
    auto const coming = scene.ready();
    scene.round_comes(coming);
    if (pages_first) scene.pages_come();
    scene.commit_comes(e2, other, 0, Digest{6});
    if (!pages_first) {
      scene.nothing_else();
      scene.pages_come();
    }
    EXPECT_EQ(scene.refuses().code, "digest");
    scene.gone(coming);
  }
}

TEST_F(HostArrival, ACapsuleThatCannotRestore) {
  auto const coming = ready();
  round_comes(coming);
  pages_come();
  commit_comes();
  restores(coming);
  capsule(capsule::Failed{coming, reject("state_version", "the plugin is older than the image")});
  EXPECT_EQ(refuses().code, "state_version");
  forgotten(coming);
}

TEST_F(HostArrival, TooLateToAbandonWhatIsBeingRestored) {
  auto const coming = ready();
  round_comes(coming);
  pages_come();
  commit_comes();
  restores(coming);
  from_allocator(msg::AbandonMove{job, e2, e3, false, reject("cancelled", "not wanted")});
  event(PeerDied{other});
  nothing_else();
  accepts(coming);
  from_allocator(msg::AbandonMove{job, e2, e3, false, reject("cancelled", "not wanted")});  // it runs here
}

TEST_F(HostArrival, AbandonedByTheSourceIsSilent) {
  auto const before_round = ready();
  from(other, msg::AbandonMove{job, e2, e3, false, retry_later("no_safe_point", "busy"), true});
  gone(before_round);

  auto const after_round = ready(e4);
  round_comes(after_round, e4);
  from(other, msg::AbandonMove{job, e4, e5, false, retry_later("no_safe_point", "busy"), true});
  killed(after_round);
  nothing_else();
  pages_come();
  forgotten(after_round);
}

TEST_F(HostArrival, AbandonedByTheAllocatorWhilePreparing) {
  auto const coming = expected();
  from_allocator(msg::AbandonMove{job, e2, e3, false, reject("cancelled", "not wanted")});
  refuses();
  gone(coming);
}

TEST_F(HostArrival, TheSourceDies) {
  auto const coming = ready();
  event(PeerDied{other});
  refuses();
  gone(coming);
}

TEST_F(HostArrival, TheSourceDiesWhileItSends) {
  auto const receiving = ready(e4);
  round_comes(receiving, e4);
  event(PeerDied{other});
  refuses(e4);
  killed(receiving);  // the stream never ends: the arena is never forgotten
}

// Found by tests/explorer: nobody was left to have the last word, and the arena was kept for ever.
TEST_F(HostArrival, TheSourceIsDeadAlready) {
  event(PeerDied{other});
  from_allocator(msg::PrepareArrival{job, other, e1, e2, e3, spec_of(), arena_bytes});
  EXPECT_EQ(refuses().code, "peer_died");
}

TEST_F(HostArrival, AnOlderArrivalIsAnsweredNotObeyed) {
  running(e4);
  from_allocator(msg::PrepareArrival{job, other, e2, e3, e4, spec_of(), arena_bytes});
  EXPECT_EQ(refuses(e3).code, "old_epoch");
}

TEST_F(HostArrival, NobodyWaitsForIt) {
  from(other, msg::Round{job, e2, StreamId{1}, 0, {}});
  from(other, msg::Commit{job, e2, {}, {}, {}, 0});
  EXPECT_TRUE(noted("nobody here waits for"));
}

TEST_F(HostArrival, ALaterArrivalTakesThePlaceOfOneUnderWay) {
  auto const first = expected(e2);
  from_allocator(msg::PrepareArrival{job, third, e3, e4, e5, spec_of(), arena_bytes});
  refuses(e2);
  gone(first);
  did<host::PrepareCapsule>();
}

TEST_F(HostArrival, ComesBackBeforeItsAcceptedDoes) {
  auto const old = running(e1);
  committed(old, e1, other);           // 1 → 2; the Accepted of 2 is on its way
  auto const again = came(e4, third);  // 2 → 3 → 1 was faster
  from_allocator(msg::CallJob{RequestId{31}, job, e4, "peek", {}});
  EXPECT_EQ(did<host::CallCapsule>().capsule, again);
  nothing_else();
  from(other, msg::Accepted{job, e2, 40, false});
  gone(old);
  EXPECT_EQ(told_allocator<msg::Departed>().target_epoch, e2);
  nothing_else();
  committed(again, e4, other);  // and off again
}

// Its arena is still being copied for a checkpoint when the host that has taken the job dies.
TEST_F(HostArrival, WhatWasHandedOverIsLetGoOnce) {
  auto const old = running(e1);
  asks_for_image(50);
  did<host::FreezeCapsule>();
  from(other, msg::ArrivalReady{job, e1, e2, e3});
  freezes(old);
  auto const write = did<host::WriteCheckpoint>();
  commits(image_leaves(old));
  came(e4, third);
  from(other, msg::Accepted{job, e2, 40, false});
  killed(old);
  told_allocator<msg::Departed>();
  event(PeerDied{other});
  nothing_else();
  staged(write);
  forgotten(old);
}

TEST_F(HostArrival, LeavesAgainBeforeTheFirstAcceptedCame) {
  auto const old = running(e1);
  committed(old, e1, other);
  auto const again = came(e4, third);
  committed(again, e4, third);
  from(third, msg::Accepted{job, e5, 40, false});
  gone(again);
  EXPECT_EQ(told_allocator<msg::Departed>().target_epoch, e5);
  from(other, msg::Accepted{job, e2, 40, false});
  gone(old);
  EXPECT_EQ(told_allocator<msg::Departed>().target_epoch, e2);
}

TEST_F(HostArrival, ASupersededCopyNeverThaws) {
  auto const old = running(e1);
  committed(old, e1, other);
  came(e4, third);
  from_allocator(msg::AbandonMove{job, e2, e3, true, peer_lost("host_died", "fenced")});
  gone(old);
  EXPECT_TRUE(noted("undone"));
}

TEST_F(HostArrival, ASupersededCopyWhoseTargetDiedIsReleased) {
  auto const old = running(e1);
  committed(old, e1, other);
  came(e4, third);
  event(PeerDied{other});
  gone(old);
}

TEST_F(HostArrival, RestoredAndDoneAtOnce) {
  auto const coming = ready();
  round_comes(coming);
  pages_come();
  commit_comes();
  restores(coming);
  capsule(capsule::Ended{coming, {Ending::finished, {}, {}, 40}});
  sent<msg::Accepted>(other);
  told_allocator<msg::Accepted>();
  EXPECT_EQ(told_allocator<msg::JobEnded>().epoch, e2);
  forgotten(coming);
}

}  // namespace
}  // namespace godwit::test
