// Hosts that die, proven or by silence, with and without a job on its way.
#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

std::string state_of(Rig& rig, int rank) {
  for (auto const& row : rig.replied<cmd::Hosts>(rig.says(cmd::ListHosts{})).rows) {
    if (row.host == Rank{rank}) return row.state;
  }
  return "unknown";
}

TEST(AllocatorDeaths, ADeadHostStrandsItsJobs) {
  Rig rig;
  auto const job = rig.running(1);
  rig.running(2);
  auto const wait = rig.says(cmd::Wait{{"1"}});
  auto const checkpoint = rig.says(cmd::Checkpoint{"1"});
  rig.sent<msg::CheckpointJob>(1);
  auto const queued = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const call = rig.says(cmd::Call{"1", "f", {}});
  rig.sent<msg::CallJob>(1);
  rig.dies(1);
  auto const lost = rig.appended<log::HostLost>();
  EXPECT_EQ(lost.host, Rank{1});
  EXPECT_TRUE(lost.proven);
  EXPECT_EQ(rig.failed(call).substr(0, 9), "host_died");
  EXPECT_EQ(rig.failed(checkpoint).substr(0, 8), "stranded");
  EXPECT_EQ(rig.failed(queued).substr(0, 8), "stranded");
  EXPECT_EQ(rig.replied<cmd::Jobs>(wait).rows.at(0).state, JobState::stranded);
  EXPECT_EQ(rig.record(job).state, JobState::stranded);
  EXPECT_EQ(state_of(rig, 1), "dead");
  rig.dies(1);
  EXPECT_EQ(rig.replied<cmd::Jobs>(rig.says(cmd::Wait{{"1"}})).rows.size(), 1U);
  auto const cancel = rig.says(cmd::Cancel{"1"});
  rig.appended<log::Ended>();
  rig.acted(cancel);
}

TEST(AllocatorDeaths, TheSourceDiesAndTheTargetHasTheJob) {
  Rig rig;
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  rig.dies(1);
  rig.appended<log::HostLost>();
  auto const abandon = rig.sent<msg::AbandonMove>(2);
  EXPECT_EQ(abandon.target_epoch, move.target_epoch);
  rig.accepted(move, 2);  // it had taken the job before it heard
  EXPECT_EQ(rig.acted(command).what, "moved 1 → 2 (host 1 was gone before it could give figures)");
  EXPECT_EQ(rig.record(job).state, JobState::running);
}

TEST(AllocatorDeaths, TheSourceDiesAndTheTargetRefuses) {
  for (bool const refused_before : {false, true}) {
    Rig rig;
    auto const job = rig.running(1);
    auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
    auto const move = rig.prepares(2);
    msg::Refused const refused{job, move.epoch, move.target_epoch, move.thaw_epoch, reject("x", "y")};
    if (refused_before) rig.hears(2, refused);
    rig.dies(1);
    rig.appended<log::HostLost>();
    if (!refused_before) {
      rig.sent<msg::AbandonMove>(2);
      rig.hears(2, refused);
    }
    rig.appended<log::Stayed>();
    EXPECT_EQ(rig.failed(command).substr(0, 8), "stranded");
    EXPECT_EQ(rig.record(job).state, JobState::stranded);
  }
}

TEST(AllocatorDeaths, TheSourceDiesBetweenAcceptedAndDeparted) {
  Rig rig;
  rig.running(1);
  auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  rig.accepted(move, 2);
  rig.dies(1);
  rig.appended<log::HostLost>();
  EXPECT_FALSE(rig.acted(command).move);
}

TEST(AllocatorDeaths, TheTargetDiesBeforeItTookTheJob) {
  Rig rig;
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  rig.dies(2);
  rig.appended<log::HostLost>();
  auto const abandon = rig.sent<msg::AbandonMove>(1);
  EXPECT_TRUE(abandon.target_fenced);
  EXPECT_EQ(abandon.thaw_epoch, move.thaw_epoch);
  rig.hears(1, msg::Stayed{job, move.target_epoch, move.thaw_epoch, abandon.why});
  rig.appended<log::Stayed>();
  EXPECT_EQ(rig.failed(command), "host_died: host 2 died in the middle of the move");
  EXPECT_EQ(rig.record(job).state, JobState::running);
}

TEST(AllocatorDeaths, TheTargetDiesAfterItTookTheJob) {
  {  // Accepted came through
    Rig rig;
    auto const job = rig.running(1);
    auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
    auto const move = rig.prepares(2);
    rig.accepted(move, 2);
    rig.dies(2);
    rig.appended<log::HostLost>();
    EXPECT_EQ(rig.record(job).state, JobState::stranded);
    rig.departed(move);
    rig.acted(command);
  }
  for (bool const departed_first : {true, false}) {  // only the source heard of it
    Rig rig;
    auto const job = rig.running(1);
    auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
    auto const move = rig.prepares(2);
    if (departed_first) rig.departed(move);
    rig.dies(2);
    rig.appended<log::HostLost>();
    if (!departed_first) {
      rig.sent<msg::AbandonMove>(1);
      rig.departed(move);
    }
    rig.appended<log::Moved>();
    EXPECT_TRUE(rig.acted(command).move);
    EXPECT_EQ(rig.record(job).state, JobState::stranded);
  }
}

TEST(AllocatorDeaths, BothDie) {
  Rig rig;
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
  rig.prepares(2);
  rig.dies(1);
  rig.appended<log::HostLost>();
  rig.sent<msg::AbandonMove>(2);
  rig.dies(2);
  rig.appended<log::HostLost>();
  EXPECT_EQ(rig.failed(command).substr(0, 8), "stranded");
  EXPECT_EQ(rig.record(job).state, JobState::stranded);
}

TEST(AllocatorDeaths, ASilentHostIsLateThenDead) {
  Rig rig;
  rig.running(1);
  rig.pass(60s);  // all heart-beat: nothing happens
  EXPECT_EQ(state_of(rig, 1), "alive");
  rig.pass(10s, {1});
  rig.sent<msg::Poll>(1);
  EXPECT_EQ(state_of(rig, 1), "late");
  rig.hears(1, msg::Heartbeat{rig.now(), 0, {}});
  rig.sent<msg::HeartbeatSeen>(1);
  EXPECT_EQ(state_of(rig, 1), "alive");

  auto const silent_since = rig.now();
  for (bool dead = false; !dead;) {  // polled every two seconds, then given up
    rig.pass(40s, {1});
    dead = rig.now() - silent_since >= 30s;
    if (!dead) rig.sent<msg::Poll>(1);
  }
  EXPECT_FALSE(rig.appended<log::HostLost>().proven);
  EXPECT_EQ(rig.record(JobId{1}).state, JobState::stranded);
  // It is back: no lease any more, but its images are welcome.
  rig.hears(1, msg::Heartbeat{rig.now(), 0, {}});
  rig.sent<msg::Quiesce>(1);
  rig.hears(1, msg::Heartbeat{rig.now(), 0, {}});
  rig.hears(1, msg::JobEnded{JobId{1}, Epoch{1}, {Ending::finished, "", "", 1}});  // not its to say
  rig.hears(1, msg::Checkpointed{JobId{1}, Epoch{1}, {Epoch{1}, Generation{1}, ""}, {}, std::nullopt});
  rig.appended<log::Checkpointed>();
  rig.hears(1, msg::Quiesced{});
  rig.sent<msg::Leave>(1);
  rig.dies(1);
  EXPECT_TRUE(rig.appended<log::HostLost>().proven);
}

TEST(AllocatorDeaths, ASilentTargetIsFencedByItsLease) {
  Rig rig;
  rig.running(1);
  rig.says(cmd::Migrate{"1", Rank{2}});
  rig.prepares(2);
  auto const silent_since = rig.now();
  for (bool dead = false; !dead;) {
    rig.pass(40s, {2});
    dead = rig.now() - silent_since >= 30s;
    if (!dead) rig.sent<msg::Poll>(2);
  }
  EXPECT_FALSE(rig.appended<log::HostLost>().proven);
  EXPECT_TRUE(rig.sent<msg::AbandonMove>(1).target_fenced) << "silent for longer than its lease";
}

TEST(AllocatorDeaths, AnAllocatorThatSleptBlamesNobody) {
  Rig rig;
  rig.running(1);
  rig.sleep(120s);
  rig.feed(TimerFired{RequestId{1}});
  EXPECT_EQ(state_of(rig, 1), "alive");
}

TEST(AllocatorDeaths, ADeadHostGetsNoMoreJobs) {
  Rig rig({.hosts = 2});
  rig.dies(1);
  rig.appended<log::HostLost>();
  rig.submit(Rig::counter());
  rig.granted(2);
  auto pinned = Rig::counter();
  pinned.host = Rank{1};
  auto const command = rig.says(cmd::Submit{{pinned}});
  rig.feed(TypesFound{rig.sought().request, Rig::types()});
  EXPECT_EQ(rig.refused(command), "host_not_alive: host 1 is not alive");
}

}  // namespace
}  // namespace godwit::allocator
