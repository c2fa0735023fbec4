// A new allocator in a world that goes on: reports that come again change nothing, and what the ledger has at a host
// is settled by what that host says it holds.
#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

using Phase = msg::Held::Phase;

// The first allocator's term, up to where it dies: job 1 on host 1, running unless it is said otherwise.
struct Former {
  explicit Former(RigOptions options = {}) : rig(std::move(options)) {}
  void runs() {
    auto const job = rig.submit(Rig::counter());
    EXPECT_EQ(job, JobId{1});
    rig.started(1, rig.granted(1));
  }
  void moves() {
    runs();
    rig.says(cmd::Migrate{"1", Rank{2}});
    move = rig.prepares(2);
  }
  Rig rig;
  msg::PrepareArrival move;
};

RigOptions next(Former const& former, int hosts = 3) {
  return {.hosts = hosts, .join = false, .ledger = former.rig.ledger(), .term = Term{2}, .takes_over = true};
}

constexpr JobId job{1};
constexpr Epoch e1{1}, e2{2}, e3{3};

void refuses(Rig& rig) { rig.hears(2, msg::Refused{job, e1, e2, e3, reject("x", "y")}); }
void stays(Rig& rig) {
  rig.hears(1, msg::Stayed{job, e2, e3, reject("x", "y")});
  EXPECT_EQ(rig.appended<log::Stayed>().epoch, e3);
  EXPECT_EQ(rig.sent<msg::ResumeJob>(1).epoch, e3);
}
void accepts(Rig& rig) {
  rig.hears(2, msg::Accepted{job, e2, 10, false});
  EXPECT_EQ(rig.appended<log::Moved>().host, Rank{2});
}
void is_parked(Rig& rig) { EXPECT_EQ(rig.appended<log::Parked>().job, job); }

TEST(AllocatorTakeover, NothingIsGrantedToAHostBeforeItHasSaidWhatItHolds) {
  Former former;
  Rig rig(next(former));
  rig.submit(Rig::counter());
  rig.hears(2, msg::Heartbeat{rig.now(), {}, {}});
  rig.sent<msg::HeartbeatSeen>(2);
  rig.nothing_more();
  rig.holds(2, {});
  rig.granted(2);
  rig.submit(Rig::counter());
  rig.granted(2);
  rig.holds(1, {});
  rig.submit(Rig::counter());
  rig.granted(1);
}

TEST(AllocatorTakeover, WhatIsHeldGoesOnAsTheLedgerSays) {
  Former former;
  former.runs();
  Rig rig(next(former));
  rig.holds(1, {{job, e1, Phase::live, {}}});
  rig.sent<msg::ResumeJob>(1);  // should it have been suspended, nobody was told
  EXPECT_EQ(rig.record(job).state, JobState::running);
  EXPECT_EQ(rig.record(job).epoch, e1);
  rig.holds(2, {});
  rig.hears(2, msg::Holdings{});  // once is enough
  auto const suspend = rig.says(cmd::Suspend{"1"});
  auto const order = rig.sent<msg::SuspendJob>(1);
  EXPECT_GT(order.request.value >> 32, 0U) << "never one that the former allocator gave";
  rig.hears(1, msg::OrderDone{order.request, job, std::nullopt, {}});
  rig.appended<log::Suspended>();
  rig.acted(suspend);
}

// Else its order and the one that makes up for a former allocator's would cross, and the host obey the wrong one last.
TEST(AllocatorTakeover, AnOrderWaitsUntilTheHostHasSaidWhatItHolds) {
  Former former;
  former.runs();
  Rig rig(next(former));
  auto const suspend = rig.says(cmd::Suspend{"1"});
  rig.nothing_more();
  rig.holds(1, {{job, e1, Phase::live, {}}});
  rig.sent<msg::ResumeJob>(1);
  auto const order = rig.sent<msg::SuspendJob>(1);
  rig.hears(1, msg::OrderDone{order.request, job, std::nullopt, {}});
  rig.appended<log::Suspended>();
  rig.acted(suspend);
}

// A former world's host may run the job. The first allocator waited for that; how long nobody knows any more.
TEST(AllocatorTakeover, AFormerWorldsLeasesAreWaitedOutAnew) {
  Former before;
  before.runs();
  Former former({.join = false, .ledger = before.rig.ledger(), .term = Term{2}, .old_leases = 12s});
  auto options = next(former);
  options.term = Term{3};
  options.join = true;
  Rig rig(options);
  rig.pass(11s);
  rig.nothing_more();
  rig.pass(2s);
  auto const start = rig.granted(1);
  EXPECT_EQ(start.job, job);
  EXPECT_TRUE(start.fresh_files);
  rig.started(1, start);
  Rig later({.join = false, .ledger = rig.ledger(), .term = Term{4}, .takes_over = true});
  later.holds(1, {});
  is_parked(later);
  EXPECT_FALSE(later.granted(1).fresh_files) << "it has run since: nobody else can";
}

// A rank that led before, and leads again: what it said then comes late, and is answered with the term that is.
TEST(AllocatorTakeover, ToldItsOwnTermItGoesOn) {
  Former former;
  Rig rig(next(former));
  rig.hears(2, msg::TermIs{Term{2}});
  EXPECT_TRUE(std::ranges::none_of(rig.notes(), [](auto const& note) { return note.level == Level::severe; }));
  EXPECT_FALSE(rig.exit_code());
}

TEST(AllocatorTakeover, AnArrivalOfAMoveThatIsOverIsAbandoned) {
  Former former;
  former.moves();
  stays(former.rig);
  former.rig.replied<cmd::Acted>(CommandId{2});
  former.rig.sent<msg::AbandonMove>(2);
  Rig rig(next(former));
  rig.holds(1, {{job, e3, Phase::live, {}}});
  rig.sent<msg::ResumeJob>(1);
  rig.holds(2, {{job, e2, Phase::arriving, {}}});
  EXPECT_EQ(rig.sent<msg::AbandonMove>(2).target_epoch, e2);
  refuses(rig);
}

TEST(AllocatorTakeover, OneThatWaitsThereForItsTurnDoesSo) {
  Former former;
  former.rig.submit(Rig::counter());
  auto const start = former.rig.granted(1);
  Rig rig(next(former));
  rig.holds(1, {{job, e1, Phase::starting, {}}});
  rig.started(1, start);
}

TEST(AllocatorTakeover, WhatIsntHeldWaitsAgain) {
  Former former;
  former.rig.submit(Rig::counter());
  former.rig.granted(1);  // and the StartJob never left
  Rig rig(next(former));
  rig.holds(2, {});
  rig.holds(1, {});
  is_parked(rig);
  EXPECT_EQ(rig.granted(1).epoch, e2);
}

TEST(AllocatorTakeover, ReportsThatComeAgainChangeNothing) {
  Former former;
  former.moves();
  accepts(former.rig);
  former.rig.departed(former.move);
  former.rig.replied<cmd::Acted>(CommandId{2});
  msg::Checkpointed const image{job, e2, {e2, Generation{1}, ""}, {}, RequestId{16}};
  former.rig.hears(2, image);
  former.rig.appended<log::Checkpointed>();
  auto const other = former.rig.submit(Rig::counter());
  auto const first = former.rig.granted(1);
  former.rig.hears(1, msg::JobEnded{other, first.epoch, {Ending::crashed, "", "", 1}});
  former.rig.appended<log::Crashed>();
  auto const second = former.rig.granted(1);
  former.rig.started(1, second);
  Rig rig(next(former));
  auto const before = rig.ledger();
  for (int times = 0; times < 2; ++times) {
    rig.hears(1, msg::JobStarted{job, e1, {}, 0, false, {}});
    rig.hears(1, msg::Departed{job, e2, {}});
    rig.hears(1, msg::JobEnded{other, first.epoch, {Ending::crashed, "", "", 1}});
    rig.hears(1, msg::JobStarted{other, second.epoch, {}, 0, false, {}});
    rig.hears(2, msg::Refused{job, e1, e2, e3, reject("x", "y")});
    rig.hears(2, msg::Accepted{job, e2, 10, false});
    rig.hears(2, image);
    rig.hears(1, msg::Stayed{job, e2, e3, reject("x", "y")});
  }
  EXPECT_EQ(rig.ledger(), before);
  rig.holds(1, {{other, second.epoch, Phase::live, {}}});
  rig.sent<msg::ResumeJob>(1);
  rig.holds(2, {{job, e2, Phase::live, {}}});
  rig.sent<msg::ResumeJob>(2);
  EXPECT_EQ(rig.ledger(), before);
}

TEST(AllocatorTakeover, ReportsTheFormerOneDidntWriteDownAreHeard) {
  Former former;
  former.rig.submit(Rig::counter());
  auto const start = former.rig.granted(1);
  Rig rig(next(former));
  rig.started(1, start);
  rig.hears(1, msg::Checkpointed{job, e1, {e1, Generation{1}, ""}, {}, RequestId{16}});
  rig.appended<log::Checkpointed>();
  rig.ended(1, start);
  rig.holds(1, {});
  EXPECT_EQ(rig.confirmed(1), 0U);
  rig.hears(1, msg::Heartbeat{rig.now(), {}, {}});
  rig.sent<msg::HeartbeatSeen>(1);
  EXPECT_EQ(rig.confirmed(1), 3U);
}

TEST(AllocatorTakeover, AMoveThatTheTargetNeverHeardOfStays) {
  Former former;
  former.moves();
  for (bool const source_first : {true, false}) {
    Rig rig(next(former));
    if (!source_first) rig.holds(2, {});
    rig.holds(1, {{job, e1, Phase::live, {}}});
    auto const abandon = rig.sent<msg::AbandonMove>(1);
    EXPECT_EQ(abandon.thaw_epoch, e3);
    EXPECT_FALSE(abandon.by_source);
    if (source_first) rig.holds(2, {});
    stays(rig);
    EXPECT_EQ(rig.record(job).host, Rank{1});
  }
}

TEST(AllocatorTakeover, AMoveThatIsUnderWayIsAbandonedAtBothEnds) {
  Former former;
  former.moves();
  for (auto const phase : {Phase::live, Phase::leaving, Phase::committed}) {
    for (bool const taken : {true, false}) {
      Rig rig(next(former));
      rig.holds(2, {{job, e2, Phase::arriving, {}}});
      rig.sent<msg::AbandonMove>(2);
      rig.holds(1, {{job, e1, phase, phase == Phase::live ? Epoch{} : e2}});
      EXPECT_FALSE(rig.sent<msg::AbandonMove>(1).target_fenced);
      if (taken && phase == Phase::committed) {
        accepts(rig);
        EXPECT_EQ(rig.record(job).epoch, e2);
      } else {
        refuses(rig);
        stays(rig);
        EXPECT_EQ(rig.record(job).epoch, e3);
      }
    }
  }
}

TEST(AllocatorTakeover, TheCopyOfAJobThatHasMovedIsLetGo) {
  for (bool const written : {true, false}) {
    Former again;
    again.moves();
    if (written) accepts(again.rig);
    Rig rig(next(again));
    if (!written) accepts(rig);  // it reports again
    rig.holds(1, {{job, e1, Phase::committed, e2}});
    EXPECT_EQ(rig.sent<msg::Accepted>(1).target_epoch, e2);
    rig.holds(2, {{job, e2, Phase::live, {}}});
    rig.sent<msg::ResumeJob>(2);
    rig.departed(again.move);
  }
}

TEST(AllocatorTakeover, ATargetThatDiedHadTheJobIfTheSourceHasntGotItAnyMore) {
  Former former;
  former.moves();
  Rig rig(next(former));
  rig.loses(2);
  rig.sent<msg::AbandonMove>(1);
  rig.holds(3, {});
  rig.holds(1, {});
  rig.appended<log::Moved>();
  EXPECT_EQ(rig.granted(1).epoch, Epoch{4});
}

TEST(AllocatorTakeover, ASourceThatDiedHadTheJobIfTheTargetHasntGotIt) {
  Former former;
  former.moves();
  Rig rig(next(former));
  rig.loses(1);
  rig.sent<msg::AbandonMove>(2);
  rig.holds(2, {});
  rig.appended<log::Stayed>();
  EXPECT_EQ(rig.granted(2).epoch, Epoch{4});
}

TEST(AllocatorTakeover, AJobThatNeitherEndHasWaitsAgain) {
  Former former;
  former.moves();
  for (bool const source_first : {true, false}) {
    Rig rig(next(former));
    rig.holds(source_first ? 1 : 2, {});
    rig.holds(source_first ? 2 : 1, {});
    rig.appended<log::Stayed>();
    is_parked(rig);
    EXPECT_EQ(rig.granted(1).epoch, Epoch{4});
  }
  Rig rig(next(former));
  rig.holds(1, {});
  rig.holds(2, {{job, e2, Phase::arriving, {}}});
  rig.sent<msg::AbandonMove>(2);
  refuses(rig);
  rig.appended<log::Stayed>();
  is_parked(rig);
  rig.granted(1);
}

TEST(AllocatorTakeover, AHostThatSaysNothingIsLostAndFencedInTime) {
  Former former;
  former.runs();
  auto options = next(former);
  options.lease = 60s;
  Rig rig(options);
  rig.holds(2, {});
  rig.holds(3, {});
  auto const began = rig.now();
  rig.pass(31s, {1});
  EXPECT_FALSE(rig.appended<log::HostLost>().proven);
  EXPECT_EQ(rig.record(job).state, JobState::stranded);
  rig.pass(40s, {1});
  rig.appended<log::HostFenced>();
  EXPECT_GE(rig.now() - began, 60s) << "its lease may have been renewed just before the former allocator died";
  EXPECT_TRUE(rig.granted(2).fresh_files);
  rig.hears(1, msg::Holdings{{}, {{job, e1, Phase::live, {}}}});  // too late
}

TEST(AllocatorTakeover, HostsThatWereLostBeforeAreFenced) {
  for (bool const proven : {true, false}) {
    Former former({.lease = 60s});
    former.runs();
    if (proven) {
      former.rig.dies(1);
      former.rig.appended<log::HostLost>();
      former.rig.appended<log::HostFenced>();
      former.rig.granted(2);
    } else {
      EXPECT_FALSE(former.rig.silent_until_lost(1));
    }
    auto options = next(former);
    options.lease = 60s;
    Rig rig(options);
    rig.holds(3, {});
    if (proven) {
      rig.holds(2, {{job, e2, Phase::starting, {}}});
      continue;
    }
    rig.holds(2, {});
    rig.pass(63s, {1});  // a sixteenth more than the lease
    rig.nothing_more();
    rig.pass(3s, {1});
    rig.appended<log::HostFenced>();
    rig.granted(2);
  }
}

TEST(AllocatorTakeover, AFenceThatTheFormerOneDidntWriteDownIsMadeUpFor) {
  Former former({.lease = 60s});
  former.runs();
  EXPECT_FALSE(former.rig.silent_until_lost(1));
  auto ledger = former.rig.ledger();
  ASSERT_TRUE(ledger.apply(log::HostLost{Rank{1}, true, {}}).ok());
  Allocator allocator(Settings{}, ledger);
  Effects effects;
  allocator.step(Instant{1}, {}, Began{Term{2}, 4, {}, {}, Rank{2}, true}, effects);
  EXPECT_TRUE(allocator.ledger().is_fenced(Rank{1}));
  EXPECT_EQ(allocator.ledger().find(job)->state, JobState::waiting);
}

TEST(AllocatorTakeover, WhatTheLedgerKnowsNothingOfMustNotRun) {
  Former former;
  former.runs();
  Rig rig(next(former));
  rig.holds(2, {{job, e1, Phase::live, {}}});
  EXPECT_EQ(rig.sent<msg::CancelJob>(2).epoch, e1);
  rig.holds(1, {{job, e1, Phase::live, {}}});
  rig.sent<msg::ResumeJob>(1);
}

TEST(AllocatorTakeover, OutputsAreClaimedAgainBeforeAnyoneElseGetsThem) {
  Former former;
  former.runs();
  Rig rig(next(former, 2));
  rig.holds(2, {});
  rig.submit(Rig::counter());
  auto const other = rig.granted(2);
  rig.hears(2, msg::ClaimOutputs{other.job, other.epoch, {"/w/out"}});
  rig.nothing_more();  // who knows what host 1 has
  rig.hears(1, msg::ClaimOutputs{job, e1, {"/w/out"}});
  rig.holds(1, {{job, e1, Phase::live, {}}});
  rig.sent<msg::ResumeJob>(1);
  auto const answer = rig.sent<msg::OutputsClaimed>(2);
  ASSERT_TRUE(answer.refusal);
  EXPECT_EQ(answer.refusal->code, "output_taken");
}

TEST(AllocatorTakeover, AStopThatHadBegunIsFinished) {
  Former former;
  former.runs();
  Rig rig(next(former, 2));
  rig.hears(1, msg::Checkpointed{job, e1, {e1, Generation{1}, ""}, {}, std::nullopt});
  rig.appended<log::Checkpointed>();
  rig.holds(1, {});
  is_parked(rig);
  rig.granted(1);  // which it drops: it is stopping
  rig.hears(1, msg::Quiesced{});
  for (int const host : {1, 2}) rig.sent<msg::Quiesce>(host);
  rig.holds(2, {});
  rig.hears(2, msg::Quiesced{});
  is_parked(rig);
  rig.appended<log::WorldEnded>();
  for (int const host : {1, 2}) rig.sent<msg::Leave>(host);
  EXPECT_EQ(rig.exit_code(), 0);
}

TEST(AllocatorReports, AreConfirmedOncePerHeartbeat) {
  Rig rig;
  rig.running(1);
  rig.hears(1, msg::Departed{JobId{9}, e2, {}});  // also what is of old
  EXPECT_EQ(rig.confirmed(1), 0U);
  for (int times = 0; times < 2; ++times) {
    rig.hears(1, msg::Heartbeat{rig.now(), {}, {}});
    rig.sent<msg::HeartbeatSeen>(1);
    EXPECT_EQ(rig.confirmed(1), 2U);
  }
  EXPECT_EQ(rig.confirmed(2), 0U);
}

TEST(AllocatorReports, AreNotConfirmedByABrokenJournal) {
  Rig rig({.hosts = 1});
  rig.running(1);
  rig.feed(JournalBroken{retry_later("no_space", "full")});
  rig.sent<msg::Quiesce>(1);
  rig.hears(1, msg::Heartbeat{rig.now(), {}, {}});
  rig.sent<msg::HeartbeatSeen>(1);
  EXPECT_EQ(rig.confirmed(1), 0U);
}

}  // namespace
}  // namespace godwit::allocator
