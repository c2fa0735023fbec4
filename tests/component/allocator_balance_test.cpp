// Jobs that nobody asked to move: when the allocator moves one for its goal, whom it leaves alone, how long it leaves it alone
// afterwards, and what it says about it. Which moves pay is tests/unit/policy/balance_test.cpp's.
#include <algorithm>

#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

using policy::BalanceGoal;

// Hosts of four cores on nodes of eight; a job stays for ten seconds.
RigOptions balanced(BalanceGoal goal, int hosts = 2) {
  RigOptions options;
  options.hosts = hosts;
  options.balance.goal = goal;
  options.quantum = 10s;
  return options;
}

NodeLoad idle() {
  NodeLoad load;
  load.busy_milli = 0;
  load.run_queue = 0;
  return load;
}

// All eight cores in use, and twice as many tasks as that want one.
NodeLoad overloaded() {
  NodeLoad load;
  load.busy_milli = 8000;
  load.run_queue = 16;
  return load;
}

// Ten steps of a thousand each time it is looked at: hours to go.
void reports(Rig& rig, int host, std::vector<JobId> const& jobs) {
  rig.reports[host].clear();
  for (auto const job : jobs) {
    auto const& record = rig.record(job);
    auto const done = static_cast<std::uint64_t>(rig.now().boot_ns / 1'000'000'000);
    rig.reports[host].push_back({job, record.epoch, done, {done, 100'000, "steps"}, 1 << 20, {}, {}, {}});
  }
}

// Time goes by until the allocator does something; no longer than that.
void pass_reporting(Rig& rig, Duration most, std::map<int, std::vector<JobId>> const& jobs) {
  auto const end = rig.now() + most;
  while (rig.now() < end && rig.idle()) {
    for (auto const& [host, those] : jobs) reports(rig, host, those);
    rig.pass(std::min(Duration{1s}, end - rig.now()));
  }
}

JobId placed(Rig& rig, int host) {
  auto const job = rig.submit(Rig::counter());
  rig.started(host, rig.granted(host));
  return job;
}

std::string told(Rig& rig, JobId job) {
  auto const answer = rig.replied<cmd::Explained>(rig.says(cmd::Explain{fmt::to_string(job)}));
  std::string all;
  for (auto const& row : answer.rows) {
    for (auto const& sentence : row.sentences) all += sentence + "; ";
    for (auto const& [at, what] : row.decisions) all += what + "; ";
  }
  return all;
}

TEST(AllocatorBalance, AJobLeavesAnOverloadedHost) {
  Rig rig(balanced(BalanceGoal::offload));
  auto const job = placed(rig, 1);
  rig.loads = {{1, overloaded()}, {2, idle()}};
  pass_reporting(rig, 60s, {{1, {job}}});
  auto const move = rig.prepares(2);
  EXPECT_EQ(move.job, job);
  EXPECT_EQ(move.source, Rank{1});
  rig.accepted(move, 2);
  rig.departed(move);
  auto const text = told(rig, job);
  EXPECT_NE(text.find("moved from host 1 to host 2: a job takes 2.00 times as long there as on idle cores, and 1.00 times on host 2"),
            text.npos)
      << text;
  EXPECT_NE(text.find("expected gain"), text.npos) << text;
  EXPECT_NE(text.find("against a cost of"), text.npos) << text;
}

TEST(AllocatorBalance, NothingIsMovedWithoutAGoal) {
  Rig rig(balanced(BalanceGoal::none));
  auto const job = placed(rig, 1);
  rig.loads = {{1, overloaded()}, {2, idle()}};
  pass_reporting(rig, 120s, {{1, {job}}});
  rig.nothing_more();
}

TEST(AllocatorBalance, NothingIsMovedWhereAllIsWell) {
  Rig rig(balanced(BalanceGoal::offload));
  std::vector<JobId> jobs{placed(rig, 1), placed(rig, 2), placed(rig, 1), placed(rig, 2)};
  rig.loads = {{1, idle()}, {2, idle()}};
  pass_reporting(rig, 60s, {{1, {jobs[0], jobs[2]}}, {2, {jobs[1], jobs[3]}}});
  rig.nothing_more();
}

// A job has just come to its host: it stays there for the quantum, however busy that is.
TEST(AllocatorBalance, AJobStaysForItsQuantum) {
  Rig rig(balanced(BalanceGoal::offload));
  auto const job = placed(rig, 1);
  auto const since = rig.now();
  rig.loads = {{1, overloaded()}, {2, idle()}};
  pass_reporting(rig, 60s, {{1, {job}}});
  EXPECT_GE(rig.now() - since, Duration{10s});
  EXPECT_LE(rig.now() - since, Duration{20s});
  auto const move = rig.prepares(2);
  rig.accepted(move, 2);
  rig.departed(move);
}

// The load goes with it, or wasn't its: it stays twice as long each time.
TEST(AllocatorBalance, AJobThatWasMovedStaysLonger) {
  Rig rig(balanced(BalanceGoal::offload));
  auto const job = placed(rig, 1);
  auto at = rig.now();
  int host = 1;
  for (auto const stay : {Duration{10s}, Duration{20s}, Duration{40s}}) {
    auto const other = 3 - host;
    rig.loads = {{host, overloaded()}, {other, idle()}};
    pass_reporting(rig, 300s, {{host, {job}}});
    EXPECT_GE(rig.now() - at, stay);
    EXPECT_LE(rig.now() - at, stay + 12s);
    at = rig.now();
    auto const move = rig.prepares(other);
    rig.accepted(move, other);
    rig.departed(move);
    host = other;
  }
}

// A busy moment is no overload: it lasts for some looks, or nothing is moved.
TEST(AllocatorBalance, AMomentsLoadMovesNobody) {
  Rig rig(balanced(BalanceGoal::offload));
  auto const job = placed(rig, 1);
  for (int moment = 0; moment < 10; ++moment) {
    rig.loads = {{1, overloaded()}, {2, idle()}};
    pass_reporting(rig, 1s, {{1, {job}}});
    rig.loads = {{1, idle()}, {2, idle()}};
    pass_reporting(rig, 12s, {{1, {job}}});
  }
  rig.nothing_more();
}

TEST(AllocatorBalance, WhoMayNotMoveStays) {
  Rig rig(balanced(BalanceGoal::offload, 2));
  auto const pinned = rig.running(1);
  auto const suspended = placed(rig, 2);
  auto const order = rig.says(cmd::Suspend{"2"});
  auto const suspend = rig.sent<msg::SuspendJob>(2);
  rig.hears(2, msg::OrderDone{suspend.request, suspended, {}, {}});
  rig.appended<log::Suspended>();
  rig.acted(order);
  rig.loads = {{1, overloaded()}, {2, idle()}};
  pass_reporting(rig, 60s, {{1, {pinned}}});
  rig.loads = {{1, idle()}, {2, overloaded()}};
  pass_reporting(rig, 60s, {{2, {suspended}}});
  rig.nothing_more();
}

TEST(AllocatorBalance, NobodyIsMovedToAHostThatTakesNone) {
  Rig rig(balanced(BalanceGoal::offload, 3));
  auto const job = placed(rig, 1);
  auto const drained = rig.says(cmd::Drain{Rank{2}, false});
  rig.appended<log::Drained>();
  rig.replied<cmd::Drained>(drained);
  rig.loads = {{1, overloaded()}, {2, idle()}, {3, overloaded()}};
  pass_reporting(rig, 60s, {{1, {job}}});
  rig.nothing_more();
  rig.loads[3] = idle();
  pass_reporting(rig, 60s, {{1, {job}}});
  auto const move = rig.prepares(3);
  rig.accepted(move, 3);
  rig.departed(move);
}

TEST(AllocatorBalance, AnImageThatDoesNotFitInMemoryStays) {
  Rig rig(balanced(BalanceGoal::offload));
  auto const job = placed(rig, 1);
  auto small = idle();
  small.memory_bytes = 1 << 30;
  small.memory_free_bytes = 1 << 20;
  rig.loads = {{1, overloaded()}, {2, small}};
  pass_reporting(rig, 60s, {{1, {job}}});
  rig.nothing_more();
}

// Three cores of one host are taken and none of the other: that is evened out, and then left alone.
TEST(AllocatorBalance, SpreadingEvensOut) {
  Rig rig(balanced(BalanceGoal::spread));
  auto const first = placed(rig, 1);
  auto const second = placed(rig, 2);
  auto const third = placed(rig, 1);
  auto const to_one = rig.says(cmd::Migrate{"2", Rank{1}});
  auto const wanted = rig.prepares(1);
  rig.accepted(wanted, 1);
  rig.departed(wanted);
  rig.acted(to_one);
  pass_reporting(rig, 60s, {{1, {first, second, third}}});
  auto const move = rig.prepares(2);
  rig.accepted(move, 2);
  rig.departed(move);
  EXPECT_NE(told(rig, move.job).find("3 cores of host 1 were taken, and 0 of host 2"), std::string::npos) << told(rig, move.job);
  std::map<int, std::vector<JobId>> where;
  for (auto const job : {first, second, third}) where[job == move.job ? 2 : 1].push_back(job);
  pass_reporting(rig, 300s, where);
  rig.nothing_more();
}

TEST(AllocatorBalance, ConsolidatingEmptiesAHost) {
  Rig rig(balanced(BalanceGoal::consolidate));
  auto const first = placed(rig, 1);
  auto const second = placed(rig, 2);
  auto const third = placed(rig, 1);
  pass_reporting(rig, 60s, {{1, {first, third}}, {2, {second}}});
  auto const move = rig.prepares(1);
  EXPECT_EQ(move.job, second);
  rig.accepted(move, 1);
  rig.departed(move);
  EXPECT_NE(told(rig, second).find("host 2 is emptied"), std::string::npos) << told(rig, second);
}

// It stayed: it is left alone for a while, and whoever asks is told.
TEST(AllocatorBalance, AMoveThatFailedIsNotTriedAgainAtOnce) {
  Rig rig(balanced(BalanceGoal::offload));
  auto const job = placed(rig, 1);
  rig.loads = {{1, overloaded()}, {2, idle()}};
  pass_reporting(rig, 60s, {{1, {job}}});
  auto const move = rig.prepares(2);
  auto const at = rig.now();
  rig.hears(1, msg::Stayed{job, move.target_epoch, move.thaw_epoch, retry_later("no_safe_point", "step 4 is still running")});
  rig.appended<log::Stayed>();
  rig.sent<msg::AbandonMove>(2);
  rig.sent<msg::ResumeJob>(1);
  EXPECT_NE(told(rig, job).find("it stayed on host 1: step 4 is still running"), std::string::npos) << told(rig, job);
  pass_reporting(rig, 300s, {{1, {job}}});
  EXPECT_GE(rig.now() - at, Duration{20s});
  auto const again = rig.prepares(2);
  rig.accepted(again, 2);
  rig.departed(again);
}

// Two hosts have agreed by themselves: the move goes as any other, and whoever asks is told.
TEST(AllocatorBalance, WhatHostsAgreedOnIsDone) {
  Rig rig(balanced(BalanceGoal::none));
  auto const job = placed(rig, 1);
  rig.pass(15s);
  rig.hears(1, msg::MoveWanted{job, Epoch{1}, Rank{2}, true});
  auto const move = rig.prepares(2);
  EXPECT_EQ(move.job, job);
  rig.accepted(move, 2);
  rig.departed(move);
  EXPECT_NE(told(rig, job).find("moved from host 1 to host 2: the two agreed on it"), std::string::npos) << told(rig, job);
  rig.pass(15s);  // twice the quantum isn't over
  rig.hears(2, msg::MoveWanted{job, Epoch{2}, Rank{1}, true});
  rig.nothing_more();
}

TEST(AllocatorBalance, WhatHostsAgreedOnMayBeOutOfTheQuestion) {
  Rig rig(balanced(BalanceGoal::none, 3));
  auto const job = placed(rig, 1);
  rig.hears(1, msg::MoveWanted{job, Epoch{1}, Rank{2}, true});
  rig.nothing_more();  // it has just come
  auto const drained = rig.says(cmd::Drain{Rank{2}, false});
  rig.appended<log::Drained>();
  rig.replied<cmd::Drained>(drained);
  auto const pinned = rig.running(1);
  auto wide = Rig::counter();
  wide.cores = 4;
  rig.running(3, wide);
  rig.pass(15s);
  rig.hears(1, msg::MoveWanted{job, Epoch{1}, Rank{2}, true});     // drained
  rig.hears(1, msg::MoveWanted{job, Epoch{1}, Rank{3}, true});     // full
  rig.hears(1, msg::MoveWanted{job, Epoch{1}, Rank{9}, true});     // nobody
  rig.hears(1, msg::MoveWanted{job, Epoch{1}, no_rank, true});     // likewise
  rig.hears(1, msg::MoveWanted{job, Epoch{0}, Rank{2}, true});     // of old
  rig.hears(1, msg::MoveWanted{pinned, Epoch{1}, Rank{3}, true});  // it wants to be there
  rig.nothing_more();
}

TEST(AllocatorBalance, AHostIsToldThatItTakesNoJobs) {
  Rig rig(balanced(BalanceGoal::none));
  auto const drained = rig.says(cmd::Drain{Rank{2}, false});
  rig.appended<log::Drained>();
  rig.replied<cmd::Drained>(drained);
  for (int host : {1, 2}) {
    rig.hears(host, msg::Heartbeat{rig.now(), {}, {}, rig.now()});
    EXPECT_EQ(rig.sent<msg::HeartbeatSeen>(host).closed, host == 2);
  }
}

}  // namespace
}  // namespace godwit::allocator
