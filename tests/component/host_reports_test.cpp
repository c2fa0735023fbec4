// What a new allocator is told: each report that the former one hadn't confirmed, in order, and then what is held;
// and that a copy which waits for its target's word also takes it from the allocator.
#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

struct HostReports : testing::Test, Scenes {
  // A new allocator on rank 3; what else it brings about is taken.
  void welcomed() {
    msg::Welcome welcome;
    welcome.heartbeat_every = 1s;
    welcome.lease = 10s;
    event(host::Received{third, welcome, Term{2}});
    did<host::SetLease>();
    did<host::ReadLoad>();
  }
  std::vector<msg::Held> holdings() { return sent<msg::Holdings>(third).held; }
  static msg::Held held(Epoch epoch, msg::Held::Phase phase, Epoch target_epoch = {}) {
    return {job, epoch, phase, target_epoch};
  }
  static void expect(std::vector<msg::Held> const& all, msg::Held const& one) {
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].job, one.job);
    EXPECT_EQ(all[0].epoch, one.epoch);
    EXPECT_EQ(all[0].phase, one.phase);
    EXPECT_EQ(all[0].target_epoch, one.target_epoch);
  }
};

TEST_F(HostReports, AreSentAgainUnlessTheyAreConfirmed) {
  auto const capsule_id = running();
  capsule(capsule::Ended{capsule_id, {Ending::finished, "", "", 5}});
  told_allocator<msg::JobEnded>();
  did<host::ForgetCapsule>();
  from_allocator(msg::ReportsSeen{1});  // that it started
  welcomed();
  EXPECT_EQ(sent<msg::JobEnded>(third).outcome.steps, 5U);
  EXPECT_TRUE(holdings().empty());
  event(host::Received{third, msg::ReportsSeen{1}, Term{2}});  // it counts anew
  msg::Welcome welcome;
  welcome.heartbeat_every = 1s;
  welcome.lease = 10s;
  event(host::Received{Rank{4}, welcome, Term{3}});
  did<host::ReadLoad>();
  EXPECT_TRUE(sent<msg::Holdings>(Rank{4}).held.empty());  // and no report is left to be sent again
}

TEST_F(HostReports, AreSentInOrderBeforeWhatIsHeld) {
  running();
  from_allocator(msg::PrepareArrival{JobId{8}, other, e1, e2, e3, spec_of(), 0});
  auto const order = did<host::PrepareCapsule>().order;
  capsule(capsule::Failed{order.capsule, retry_later("no_memory", "no room")});
  sent<msg::Refused>(other);
  told_allocator<msg::Refused>();
  did<host::ForgetCapsule>();
  welcomed();
  sent<msg::JobStarted>(third);
  EXPECT_EQ(sent<msg::Refused>(third).job, JobId{8});
  expect(holdings(), held(e1, msg::Held::Phase::live));
}

TEST_F(HostReports, AllocatorsThatAreKnownGetNone) {
  running();
  msg::Welcome welcome;
  welcome.heartbeat_every = 1s;
  welcome.lease = 10s;
  from_allocator(welcome);
  did<host::SetLease>();
  did<host::ReadLoad>();
}

TEST_F(HostReports, WhatIsStillStartingIsHeldToo) {
  from_allocator(msg::StartJob{job, e1, spec_of(), {}});
  did<host::PrepareCapsule>();
  welcomed();
  expect(holdings(), held(e1, msg::Held::Phase::starting));
}

TEST_F(HostReports, AnArrivalIsHeldAtItsTargetEpoch) {
  ready();
  welcomed();
  expect(holdings(), held(e2, msg::Held::Phase::arriving));
}

TEST_F(HostReports, ADepartureSaysWhetherItIsPastItsLastWord) {
  auto const capsule_id = running();
  from_allocator(msg::ReportsSeen{1});
  auto const stream = leaving(capsule_id);
  welcomed();
  expect(holdings(), held(e1, msg::Held::Phase::leaving, e2));
  commits(stream);
  // Another one takes over in its turn; the target died before it could say so here, but not before it told.
  msg::Welcome welcome;
  welcome.heartbeat_every = 1s;
  welcome.lease = 10s;
  event(host::Received{Rank{4}, welcome, Term{3}});
  did<host::ReadLoad>();
  auto const all = sent<msg::Holdings>(Rank{4}).held;
  expect(all, held(e1, msg::Held::Phase::committed, e2));
  event(host::Received{Rank{4}, msg::Accepted{job, e2, 0, false}, Term{3}});
  sent<msg::Departed>(Rank{4});
  did<host::KillCapsule>();
  did<host::ForgetCapsule>();
}

TEST_F(HostReports, OutputsAreClaimedAgainBeforeWhatIsHeldIsSaid) {
  from_allocator(msg::StartJob{job, e1, spec_of(), {}});
  auto const order = did<host::PrepareCapsule>().order;
  capsule(capsule::Prepared{order.capsule, {"/w/out.csv"}});
  told_allocator<msg::ClaimOutputs>();
  welcomed();
  EXPECT_EQ(sent<msg::ClaimOutputs>(third).paths, std::vector<std::string>{"/w/out.csv"});
  expect(holdings(), held(e1, msg::Held::Phase::starting));
  event(host::Received{third, msg::OutputsClaimed{job, e1, std::nullopt}, Term{2}});
  did<host::StartCapsule>();
}

// It was told to start by the former allocator's leave, and waits for a lease.
TEST_F(HostReports, WhatHasItsOutputsIsNotStartedTwice) {
  from_allocator(msg::StartJob{job, e1, spec_of(), {}});
  auto const order = did<host::PrepareCapsule>().order;
  capsule(capsule::Prepared{order.capsule, {"/w/out.csv"}});
  told_allocator<msg::ClaimOutputs>();
  from_allocator(msg::OutputsClaimed{job, e1, std::nullopt});
  did<host::StartCapsule>();
  welcomed();
  sent<msg::ClaimOutputs>(third);
  expect(holdings(), held(e1, msg::Held::Phase::starting));
  event(host::Received{third, msg::OutputsClaimed{job, e1, std::nullopt}, Term{2}});
}

TEST_F(HostReports, AHostThatHasStoppedSaysSoAgain) {
  from_allocator(msg::Quiesce{});
  told_allocator<msg::Quiesced>();
  welcomed();
  EXPECT_TRUE(holdings().empty());
  sent<msg::Quiesced>(third);
}

}  // namespace
}  // namespace godwit::test
