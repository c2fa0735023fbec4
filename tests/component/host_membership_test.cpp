// Hello, heart-beats, lease and being orphaned: one heart-beat outstanding, the lease runs from the send
// time of the beat that is answered, and from no other.
#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

host::Settings settings() {
  host::Settings made;
  made.pid = 4711;
  made.node = "node3";
  made.cores = 8;
  made.has.cores = 4;
  made.has.memory_bytes = 1000;
  made.orphan_patience = 60s;
  return made;
}

struct HostMembership : testing::Test, Scenes {
  HostMembership() : Scenes(settings()) {}

  void welcomed() {
    event(host::Began{});
    auto const hello = told_allocator<msg::Hello>();
    EXPECT_EQ(hello.pid, 4711);
    EXPECT_EQ(hello.node, "node3");
    EXPECT_EQ(hello.cores, 8);
    EXPECT_EQ(hello.has.cores, 4);
    EXPECT_EQ(hello.has.memory_bytes, 1000U);
    term = Term{3};
    from_allocator(msg::Welcome{500ms, 10s});
    lease_until(now + 10s);  // from the hello
    did<host::ReadLoad>();
  }
  msg::Heartbeat beats(std::vector<std::pair<CapsuleId, CapsuleReport>> reports = {}) {
    NodeLoad const load{1250, 3, 750, 9, 4000, 1000, 12, std::nullopt};
    event(host::LoadRead{load, std::move(reports)});
    auto beat = told_allocator<msg::Heartbeat>();
    EXPECT_EQ(beat.load, load);
    EXPECT_EQ(beat.sent, now);
    return beat;
  }
  void lease_until(Instant until) { EXPECT_EQ(did<host::SetLease>().until, until); }
};

TEST_F(HostMembership, TheLeaseRunsFromTheSendTime) {
  welcomed();
  auto const beat = beats();
  now = now + 200ms;
  from_allocator(msg::HeartbeatSeen{beat.sent});
  lease_until(beat.sent + 10s);
}

TEST_F(HostMembership, OneBeatIsOutstanding) {
  welcomed();
  auto const first = beats();
  pass(2s);  // the answer is late: no second beat
  from_allocator(msg::HeartbeatSeen{first.sent});
  lease_until(first.sent + 10s);
  pass(500ms);
  did<host::ReadLoad>();
  beats();
}

TEST_F(HostMembership, APollIsAnsweredAtOnceAndTheOlderBeatRenewsNothing) {
  welcomed();
  auto const first = beats();
  now = now + 100ms;
  from_allocator(msg::Poll{});
  did<host::ReadLoad>();
  auto const second = beats();
  from_allocator(msg::HeartbeatSeen{first.sent});
  nothing_else();
  from_allocator(msg::HeartbeatSeen{second.sent});
  lease_until(second.sent + 10s);
  from_allocator(msg::HeartbeatSeen{second.sent});  // again: no longer outstanding
}

TEST_F(HostMembership, WhoDoesNotLeadRenewsNothing) {
  welcomed();
  from_allocator(msg::HeartbeatSeen{.sent = beats().sent, .renews = false});
  nothing_else();
  pass(500ms);  // the next beat is due all the same
  did<host::ReadLoad>();
  auto const beat = beats();
  from_allocator(msg::HeartbeatSeen{beat.sent});
  lease_until(beat.sent + 10s);
}

TEST_F(HostMembership, AnOldTermIsNotObeyed) {
  welcomed();
  auto const beat = beats();
  term = Term{2};
  auto const told = [&] { EXPECT_EQ(told_allocator<msg::TermIs>().term, Term{term == Term{2} ? 3U : 4U}); };
  from_allocator(msg::HeartbeatSeen{beat.sent});
  told();
  from_allocator(msg::Poll{});
  told();
  from_allocator(msg::Welcome{1ms, 1s});
  told();
  from_allocator(msg::StartJob{job, e1, {}, {}});
  told();
  term = Term{4};
  from_allocator(msg::HeartbeatSeen{beat.sent});  // of a beat that the former allocator was sent
  nothing_else();
  from_allocator(msg::Poll{});
  did<host::ReadLoad>();
  auto const next = beats();
  term = Term{3};
  from_allocator(msg::HeartbeatSeen{next.sent});  // a newer one has been seen
  told();
}

TEST_F(HostMembership, ABeatReportsTheJobs) {
  auto const capsule_id = running();
  welcomed();
  CapsuleReport report;
  report.steps = 17;
  report.progress = {17, 100, "steps"};
  report.arena_bytes = 4096;
  report.last_safe_point = now;
  report.step_p50 = 3ms;
  report.step_p99 = 9ms;
  now = now + 40ms;
  auto const beat = beats({{capsule_id, report}});
  ASSERT_EQ(beat.jobs.size(), 1U);
  EXPECT_EQ(beat.jobs[0].job, job);
  EXPECT_EQ(beat.jobs[0].epoch, e1);
  EXPECT_EQ(beat.jobs[0].steps, 17U);
  EXPECT_EQ(beat.jobs[0].progress.total, 100U);
  EXPECT_EQ(beat.jobs[0].arena_bytes, 4096U);
  EXPECT_EQ(beat.jobs[0].step_age, 40ms);
  EXPECT_EQ(beat.jobs[0].step_p50, 3ms);
  EXPECT_EQ(beat.jobs[0].step_p99, 9ms);
}

TEST_F(HostMembership, AnOrphanKillsItsCapsulesAndExits) {
  auto const capsule_id = running();
  welcomed();
  auto const beat = beats();
  from_allocator(msg::HeartbeatSeen{beat.sent});
  lease_until(beat.sent + 10s);
  pass(500ms);
  did<host::ReadLoad>();
  beats();    // never answered
  pass(69s);  // lease and patience, from the beat that was answered
  nothing_else();
  pass(600ms);
  killed(capsule_id);
  EXPECT_EQ(did<host::Exit>().code, 4);
  EXPECT_TRUE(noted("no lease from an allocator"));
  EXPECT_EQ(notes.back().level, Level::severe);
}

TEST_F(HostMembership, NeverWelcomed) {
  event(host::Began{});
  told_allocator<msg::Hello>();
  pass(61s);
  EXPECT_EQ(did<host::Exit>().code, 4);
}

TEST_F(HostMembership, LeaveEndsIt) {
  auto const capsule_id = running();
  from_allocator(msg::Leave{});
  killed(capsule_id);
  EXPECT_EQ(did<host::Exit>().code, 0);
  event(host::TimerFired{RequestId{1}});
  from_allocator(msg::Poll{});  // nothing follows an exit
}

TEST_F(HostMembership, AMessageForTheAllocatorIsNotedAndDropped) {
  from(other, msg::Heartbeat{});
  EXPECT_TRUE(noted("rank 2"));
}

TEST_F(HostMembership, AMessageForAnAllocatorThatWasHereIsDropped) {
  event(host::Began{2});
  told_allocator<msg::Hello>();
  from_allocator(msg::Welcome{500ms, 10s});
  did<host::SetLease>();
  did<host::ReadLoad>();
  event(PeerDied{allocator_rank});
  pass(1ms);
  EXPECT_EQ(did<host::TakeOver>().claim.voters, std::set<Rank>{here});
  from(other, msg::Heartbeat{});
  EXPECT_FALSE(noted("meant for the allocator"));
}

}  // namespace
}  // namespace godwit::test
