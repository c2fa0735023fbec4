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

TEST(AllocatorDeaths, TheJobsOfADeadHostGoOnElsewhere) {
  Rig rig({.hosts = 2, .slots = 1});
  auto const job = rig.running(1, Rig::counter());
  rig.running(2);
  auto const wait = rig.says(cmd::Wait{{"1"}});
  auto const checkpoint = rig.says(cmd::Checkpoint{"1"});
  rig.sent<msg::CheckpointJob>(1);
  auto const queued = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const call = rig.says(cmd::Call{"1", "f", {}});
  rig.sent<msg::CallJob>(1);
  rig.loses(1);
  EXPECT_EQ(rig.failed(call).substr(0, 9), "host_died");
  EXPECT_EQ(rig.failed(checkpoint), "host_died: host 1 died; job 1 goes on from its beginning when the "
                                    "runtime is started again: it wants host 1 only");
  EXPECT_EQ(rig.failed(queued).substr(0, 9), "host_died");
  EXPECT_EQ(rig.record(job).state, JobState::waiting);
  EXPECT_EQ(state_of(rig, 1), "dead");
  rig.dies(1);
  auto const cancel = rig.says(cmd::Cancel{"1"});
  rig.appended<log::Ended>();
  rig.acted(cancel);
  EXPECT_EQ(rig.replied<cmd::Jobs>(wait).rows.at(0).state, JobState::cancelled);
}

TEST(AllocatorDeaths, TheSourceDiesAndTheTargetHasTheJob) {
  Rig rig;
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  rig.loses(1);
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
    rig.loses(1);
    if (!refused_before) {
      rig.sent<msg::AbandonMove>(2);
      rig.hears(2, refused);
    }
    rig.appended<log::Stayed>();
    EXPECT_EQ(rig.failed(command).substr(0, 9), "host_died");
    EXPECT_EQ(rig.record(job).state, JobState::waiting);
  }
}

TEST(AllocatorDeaths, TheSourceDiesBetweenAcceptedAndDeparted) {
  Rig rig;
  rig.running(1);
  auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  rig.accepted(move, 2);
  rig.loses(1);
  EXPECT_FALSE(rig.acted(command).move);
}

TEST(AllocatorDeaths, TheTargetDiesBeforeItTookTheJob) {
  Rig rig;
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  rig.loses(2);
  auto const abandon = rig.sent<msg::AbandonMove>(1);
  EXPECT_TRUE(abandon.target_fenced);
  EXPECT_EQ(abandon.thaw_epoch, move.thaw_epoch);
  rig.hears(1, msg::Stayed{job, move.target_epoch, move.thaw_epoch, abandon.why});
  rig.appended<log::Stayed>();
  rig.sent<msg::ResumeJob>(1);
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
    rig.loses(2);
    // The source may not have heard: its copy would stay there for ever.
    EXPECT_EQ(rig.sent<msg::Accepted>(1).target_epoch, move.target_epoch);
    EXPECT_EQ(rig.granted(1).epoch, Epoch{4});
    EXPECT_EQ(rig.record(job).host_losses, 1U);
    rig.departed(move);
    rig.acted(command);
  }
  for (bool const departed_first : {true, false}) {  // only the source heard of it
    Rig rig;
    auto const job = rig.running(1);
    auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
    auto const move = rig.prepares(2);
    if (departed_first) rig.departed(move);
    rig.loses(2);
    if (!departed_first) {
      rig.sent<msg::AbandonMove>(1);
      rig.departed(move);
    }
    rig.appended<log::Moved>();
    EXPECT_TRUE(rig.acted(command).move);
    EXPECT_EQ(rig.granted(1).epoch, Epoch{4});
    EXPECT_EQ(rig.record(job).moves, 1U);
  }
}

TEST(AllocatorDeaths, BothDie) {
  for (bool const source_first : {true, false}) {
    Rig rig;
    auto const job = rig.running(1);
    auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
    rig.prepares(2);
    rig.loses(source_first ? 1 : 2);
    rig.sent<msg::AbandonMove>(source_first ? 2 : 1);
    rig.loses(source_first ? 2 : 1);
    EXPECT_EQ(rig.failed(command).substr(0, 9), "host_died");
    EXPECT_EQ(rig.record(job).state, JobState::waiting);
    EXPECT_EQ(rig.record(job).host_losses, 1U);
  }
}

// Which has the job isn't known before both are fenced, one after the other.
TEST(AllocatorDeaths, BothFallSilent) {
  for (int const source : {1, 2}) {
    Rig rig({.hosts = 5, .lease = 60s});
    auto const job = rig.running(source);
    auto const command = rig.says(cmd::Migrate{"1", Rank{3 - source}});
    rig.prepares(3 - source);
    rig.pass_polling({1, 2});
    rig.sent<msg::AbandonMove>(2);  // host 1 is the first to be given up
    rig.appended<log::HostLost>(), rig.appended<log::HostLost>();
    EXPECT_EQ(rig.failed(command).substr(0, 9), "host_died");
    EXPECT_EQ(rig.record(job).state, JobState::stranded);
    rig.pass_polling({1, 2});
    EXPECT_EQ(rig.appended<log::HostFenced>().host, Rank{1});
    EXPECT_EQ(rig.appended<log::HostFenced>().host, Rank{2});
    EXPECT_EQ(rig.record(job).state, JobState::waiting);
  }
}

TEST(AllocatorDeaths, ASilentHostIsLateThenDead) {
  Rig rig;
  rig.running(1);
  rig.pass(60s);  // all heart-beat: nothing happens
  EXPECT_EQ(state_of(rig, 1), "alive");
  rig.pass(10s, {1});
  rig.sent<msg::Poll>(1);
  EXPECT_EQ(state_of(rig, 1), "late");
  rig.hears(1, msg::Heartbeat{rig.now(), {}, {}});
  rig.sent<msg::HeartbeatSeen>(1);
  EXPECT_EQ(state_of(rig, 1), "alive");

  EXPECT_TRUE(rig.silent_until_lost(1)) << "silent for longer than its lease";
  EXPECT_EQ(rig.record(JobId{1}).state, JobState::waiting);
  // It is back: no lease any more, but its images are welcome while nobody else has begun.
  rig.hears(1, msg::Heartbeat{rig.now(), {}, {}});
  rig.sent<msg::Quiesce>(1);
  rig.hears(1, msg::Heartbeat{rig.now(), {}, {}});
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
  EXPECT_TRUE(rig.silent_until_lost(2));
  EXPECT_TRUE(rig.sent<msg::AbandonMove>(1).target_fenced) << "silent for longer than its lease";
}

TEST(AllocatorDeaths, ASilentTargetMayRunTheJobWhileItsLeaseLasts) {
  Rig rig({.lease = 60s});
  rig.running(1);
  rig.says(cmd::Migrate{"1", Rank{2}});
  rig.prepares(2);
  EXPECT_FALSE(rig.silent_until_lost(2));
  EXPECT_FALSE(rig.sent<msg::AbandonMove>(1).target_fenced);
  rig.pass(29s, {2});
  rig.nothing_more();
  rig.pass(5s, {2});
  rig.appended<log::HostFenced>();
  EXPECT_TRUE(rig.sent<msg::AbandonMove>(1).target_fenced);
}

TEST(AllocatorDeaths, WithoutLeasesOfItsOwnItRenewsNobodys) {
  Rig rig;
  rig.sleep(11s);
  rig.hears(1, msg::Heartbeat{rig.now(), {}, {}});
  EXPECT_FALSE(rig.sent<msg::HeartbeatSeen>(1).renews) << "all that was leased to it has run out";
  rig.hears(1, msg::Heartbeat{rig.now(), {}, {}, rig.now()});
  EXPECT_TRUE(rig.sent<msg::HeartbeatSeen>(1).renews);
}

TEST(AllocatorDeaths, OnlyWhoLeadsEndsTheWorld) {
  Rig rig;
  auto const stop = rig.says(cmd::Stop{});
  for (int host = 1; host <= 3; ++host) rig.sent<msg::Quiesce>(host);
  for (int host = 1; host <= 2; ++host) rig.hears(host, msg::Quiesced{});
  rig.sleep(11s);
  rig.hears(3, msg::Quiesced{});
  rig.nothing_more();  // it would be held back
  rig.hears(1, msg::Heartbeat{rig.now(), {}, {}, rig.now()});
  rig.sent<msg::HeartbeatSeen>(1);
  EXPECT_EQ(rig.appended<log::WorldEnded>().term, Term{1});
  for (int host = 1; host <= 3; ++host) rig.sent<msg::Leave>(host);
  rig.replied<cmd::Stopped>(stop);
  EXPECT_EQ(rig.exit_code(), 0);
}

// What it says at the end waits until it is durable: by then its leases may have run out.
struct Leaving {
  Leaving() : stop(rig.says(cmd::Stop{})) {
    for (int host = 1; host <= 3; ++host) rig.sent<msg::Quiesce>(host);
    for (int host = 1; host <= 3; ++host) rig.hears(host, msg::Quiesced{});
    rig.appended<log::WorldEnded>();
    leaves(0);
  }
  void leaves(int code) {
    for (int host = 1; host <= 3; ++host) rig.sent<msg::Leave>(host);
    EXPECT_EQ(rig.exit_code(), code);
  }
  Rig rig;
  CommandId stop;
};

TEST(AllocatorDeaths, AtTheEndItIsLeasedAgain) {
  Leaving last;
  auto& rig = last.rig;
  rig.replied<cmd::Stopped>(last.stop);
  rig.sleep(11s);
  EXPECT_LT(rig.lead_until(), rig.now());
  rig.hears(1, msg::Heartbeat{rig.now(), {}, {}});
  EXPECT_FALSE(rig.sent<msg::HeartbeatSeen>(1).renews);
  rig.hears(1, msg::Heartbeat{rig.now(), {}, {}, rig.now()});
  EXPECT_TRUE(rig.sent<msg::HeartbeatSeen>(1).renews);
  EXPECT_GT(rig.lead_until(), rig.now());
  EXPECT_EQ(rig.refused(rig.says(cmd::Stop{})).substr(0, 8), "stopping");
  rig.hears(1, msg::JobEnded{});  // nothing is decided any more
}

TEST(AllocatorDeaths, AtTheEndItGivesUpLikeAnyOther) {
  Leaving forlorn, deposed;
  for (auto* const last : {&forlorn, &deposed}) last->rig.replied<cmd::Stopped>(last->stop);
  forlorn.rig.pass(60s, {1, 2, 3});
  EXPECT_EQ(forlorn.rig.exit_code(), 5);
  deposed.rig.feed(Received{Rank{2}, msg::TermIs{Term{2}}, Term{2}});
  EXPECT_EQ(deposed.rig.exit_code(), 5);
}

TEST(AllocatorDeaths, AtTheEndTheJournalMayBreak) {
  Leaving last;
  last.rig.replied<cmd::Stopped>(last.stop);  // Node has made a refusal of it
  last.rig.feed(JournalBroken{retry_later("io", "no disk")});
  for (int host = 1; host <= 3; ++host) last.rig.sent<msg::Quiesce>(host);
  last.leaves(3);
}

TEST(AllocatorDeaths, AnAllocatorThatSleptBlamesNobody) {
  Rig rig;
  rig.running(1);
  rig.pass(5s);
  rig.sleep(120s);
  rig.feed(TimerFired{RequestId{1}});
  EXPECT_FALSE(rig.exit_code()) << "nor does it give up";
  EXPECT_EQ(state_of(rig, 1), "alive");
}

TEST(AllocatorDeaths, ADeadHostGetsNoMoreJobs) {
  Rig rig({.hosts = 2});
  rig.loses(1);
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
