// A move from the command to its outcome, in every order of events that the transport allows, and with
// either host dying at each point.
#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

Failure const no_safe_point = reject("no_safe_point", "no safe point for 31 s");

msg::Refused refused(msg::PrepareArrival const& move) {
  return {move.job, move.epoch, move.target_epoch, move.thaw_epoch, reject("no_memory", "no memory left")};
}

TEST(AllocatorMoves, AcceptedThenDeparted) {
  Rig rig;
  auto const job = rig.running(1);
  rig.hears(1, msg::Heartbeat{rig.now(), {}, {{job, Epoch{1}, 7, {}, 4096, {}, {}, {}}}});
  rig.sent<msg::HeartbeatSeen>(1);
  auto const command = rig.says(cmd::Migrate{"1", Rank{3}});
  auto const move = rig.prepares(3);
  EXPECT_EQ(move.epoch, Epoch{1});
  EXPECT_EQ(move.target_epoch, Epoch{2});
  EXPECT_EQ(move.thaw_epoch, Epoch{3});
  EXPECT_EQ(move.arena_bytes, 4096U);
  EXPECT_EQ(rig.record(job).state, JobState::migrating);
  rig.pass(100ms);
  rig.accepted(move, 3);
  EXPECT_EQ(rig.record(job).state, JobState::running);
  rig.departed(move);
  auto const act = rig.acted(command);
  EXPECT_EQ(act.what, "moved 1 → 3: 12.4 MiB, 3.1 ms stopped");
  EXPECT_EQ(act.from, Rank{1});
  EXPECT_EQ(act.to, Rank{3});
  EXPECT_EQ(act.total, 100ms);
  ASSERT_TRUE(act.move);
  EXPECT_EQ(act.move->bytes, 13'002'342U);
}

TEST(AllocatorMoves, DepartedThenAccepted) {
  Rig rig;
  rig.running(1);
  auto const command = rig.says(cmd::Migrate{"last", Rank{2}});
  auto const move = rig.prepares(2);
  rig.departed(move);
  rig.accepted(move, 2);
  EXPECT_EQ(rig.acted(command).what, "moved 1 → 2: 12.4 MiB, 3.1 ms stopped");
}

TEST(AllocatorMoves, WithoutAHostTheBestOneIsTaken) {
  Rig rig({.slots = 1});
  rig.running(1);
  rig.running(2);
  rig.says(cmd::Migrate{"1", std::nullopt});
  auto const move = rig.prepares(3);
  rig.accepted(move, 3);
  rig.departed(move);
  rig.acted(CommandId{3});
  auto const named = rig.says(cmd::Migrate{"1", Rank{2}});  // a full host, but the user said so
  auto const second = rig.prepares(2);
  rig.accepted(second, 2);
  rig.departed(second);
  rig.acted(named);
}

TEST(AllocatorMoves, RefusedWithItsReason) {
  Rig rig({.hosts = 2, .slots = 1});
  auto const job = rig.running(1);
  EXPECT_EQ(rig.failed(rig.says(cmd::Migrate{"1", Rank{9}})),
            "no_such_host: host 9 does not exist: hosts are 1..2");
  EXPECT_EQ(rig.failed(rig.says(cmd::Migrate{"1", Rank{0}})).substr(0, 12), "no_such_host");
  EXPECT_EQ(rig.failed(rig.says(cmd::Migrate{"1", Rank{1}})), "already_there: job 1 is on host 1 already");
  rig.running(2);
  rig.submit(Rig::counter());
  EXPECT_EQ(rig.failed(rig.says(cmd::Migrate{"3", Rank{1}})),
            "waiting_for_host: job 3 is waiting for a host");
  rig.hears(1, msg::JobEnded{job, Epoch{1}, {Ending::finished, "", "", 9}});
  rig.appended<log::Ended>();
  rig.granted(1);
  EXPECT_EQ(rig.failed(rig.says(cmd::Migrate{"1", Rank{2}})), "already_ended: job 1 already finished");
  EXPECT_EQ(rig.failed(rig.says(cmd::Migrate{"1", Rank{9}})), "already_ended: job 1 already finished");
  rig.loses(2);
  EXPECT_EQ(rig.failed(rig.says(cmd::Migrate{"2", Rank{1}})).substr(0, 16), "waiting_for_host");
  rig.hears(1, msg::JobStarted{JobId{3}, Epoch{1}, std::nullopt, 0, false, {}});
  rig.appended<log::Started>();
  EXPECT_EQ(rig.failed(rig.says(cmd::Migrate{"3", Rank{2}})), "host_not_alive: host 2 is not alive");
  EXPECT_EQ(rig.failed(rig.says(cmd::Migrate{"3", std::nullopt})), "no_host: no host other than 1 is alive");
}

TEST(AllocatorMoves, TheSourceStays) {
  Rig rig;
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  rig.hears(1, msg::Stayed{job, move.target_epoch, move.thaw_epoch, no_safe_point});
  EXPECT_EQ(rig.appended<log::Stayed>().epoch, Epoch{3});
  EXPECT_EQ(rig.sent<msg::AbandonMove>(2).target_epoch, move.target_epoch) << "it may not have heard the source";
  EXPECT_EQ(rig.sent<msg::ResumeJob>(1).epoch, Epoch{3}) << "nor it what was said before";
  EXPECT_EQ(rig.failed(command), "no_safe_point: no safe point for 31 s");
  EXPECT_EQ(rig.record(job).epoch, Epoch{3});
  // The next move is minted above both.
  rig.says(cmd::Migrate{"1", Rank{2}});
  auto const next = rig.prepares(2);
  EXPECT_EQ(next.epoch, Epoch{3});
  EXPECT_EQ(next.target_epoch, Epoch{4});
  rig.accepted(next, 2);
  rig.departed(next);
  rig.acted(CommandId{3});
}

// Source and target live, and don't hear each other: the allocator carries the word.
TEST(AllocatorMoves, ThatNobodyEndsIsEnded) {
  Rig rig;
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  rig.pass(299s);
  rig.nothing_more();
  rig.pass(2s);
  EXPECT_FALSE(rig.sent<msg::AbandonMove>(2).target_fenced);
  rig.pass(300s);
  EXPECT_FALSE(rig.sent<msg::AbandonMove>(2).target_fenced) << "it may have slept";
  rig.hears(2, refused(move));
  auto const word = rig.sent<msg::AbandonMove>(1);
  EXPECT_TRUE(word.target_fenced) << "it can't have the job any more";
  EXPECT_EQ(word.target_epoch, move.target_epoch);
  rig.pass(301s);
  EXPECT_TRUE(rig.sent<msg::AbandonMove>(1).target_fenced);
  rig.hears(1, msg::Stayed{job, move.target_epoch, move.thaw_epoch, word.why});
  rig.appended<log::Stayed>();
  rig.sent<msg::ResumeJob>(1);
  EXPECT_EQ(rig.failed(command), "no_memory: no memory left");
}

TEST(AllocatorMoves, ThatTheTargetHasTakenUnheardIsOver) {
  Rig rig;
  rig.running(1);
  auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  rig.accepted(move, 2);
  rig.pass(301s);
  EXPECT_EQ(rig.sent<msg::Accepted>(1).target_epoch, move.target_epoch);
  rig.departed(move);
  rig.acted(command);
}

TEST(AllocatorMoves, ALargeImageHasMoreTime) {
  Rig rig;
  auto const job = rig.running(1);
  rig.hears(1, msg::Heartbeat{rig.now(), {}, {{job, Epoch{1}, 7, {}, std::uint64_t{16} << 30, {}, {}, {}}}});
  rig.sent<msg::HeartbeatSeen>(1);
  rig.says(cmd::Migrate{"1", Rank{2}});
  rig.prepares(2);
  rig.pass(1300s);
  rig.nothing_more();
  rig.pass(30s);
  rig.sent<msg::AbandonMove>(2);
}

TEST(AllocatorMoves, TheTargetRefuses) {
  for (bool const refusal_first : {true, false}) {
    Rig rig;
    auto const job = rig.running(1);
    auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
    auto const move = rig.prepares(2);
    auto const stayed = msg::Stayed{job, move.target_epoch, move.thaw_epoch, refused(move).why};
    if (refusal_first) rig.hears(2, refused(move));
    rig.hears(1, stayed);
    rig.appended<log::Stayed>();
    EXPECT_EQ(rig.failed(command), "no_memory: no memory left");
    if (!refusal_first) rig.sent<msg::AbandonMove>(2);
    rig.sent<msg::ResumeJob>(1);
    if (!refusal_first) rig.hears(2, refused(move));
  }
}

TEST(AllocatorMoves, WordsOfOldAreNotObeyed) {
  Rig rig;
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  rig.hears(3, msg::Accepted{job, move.target_epoch, 1, false});  // not its target
  rig.hears(2, msg::Accepted{job, Epoch{9}, 1, false});           // not its epoch
  rig.hears(3, msg::Departed{job, move.target_epoch, {}});        // not its source
  rig.hears(2, msg::Stayed{job, move.target_epoch, move.thaw_epoch, no_safe_point});
  rig.hears(2, msg::Accepted{JobId{99}, move.target_epoch, 1, false});  // no such job
  rig.accepted(move, 2);
  rig.hears(1, msg::Stayed{job, move.target_epoch, move.thaw_epoch, no_safe_point});
  rig.hears(2, msg::Accepted{job, move.target_epoch, 1, false});
  rig.departed(move);
  rig.acted(command);
  rig.departed(move);
}

TEST(AllocatorMoves, TheJobEndsFirst) {
  Rig rig;
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  rig.hears(1, msg::JobEnded{job, Epoch{1}, {Ending::finished, "", "", 9}});
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.sent<msg::AbandonMove>(2).target_epoch, move.target_epoch);
  EXPECT_EQ(rig.failed(command), "already_ended: job 1 already finished");
  rig.hears(2, refused(move));  // the target's answer to that: too late to matter
}

TEST(AllocatorMoves, TheJobCrashesFirst) {
  Rig rig;
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
  rig.prepares(2);
  rig.hears(1, msg::JobEnded{job, Epoch{1}, {Ending::crashed, "signal 9", "", 9}});
  rig.sent<msg::AbandonMove>(2);
  rig.appended<log::Crashed>();
  EXPECT_EQ(rig.failed(command), "job_crashed: job 1 crashed first: signal 9");
  EXPECT_EQ(rig.granted(1).epoch, Epoch{4}) << "above the epochs of the move";
}

TEST(AllocatorMoves, TheJobEndsAtItsThawEpochBeforeStayedIsSaid) {
  Rig rig;
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  rig.hears(1, msg::JobEnded{job, move.thaw_epoch, {Ending::finished, "", "", 9}});
  rig.appended<log::Stayed>();
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.failed(command).substr(0, 9), "job_ended");
}

TEST(AllocatorMoves, BackToBackMovesAreServedInOrder) {
  Rig rig;
  rig.running(3);
  constexpr std::size_t moves = 200;
  auto const host = [](std::size_t i) { return i % 2 == 0 ? 1 : 2; };
  std::vector<CommandId> commands{rig.says(cmd::Migrate{"1", Rank{host(0)}})};
  auto move = rig.prepares(host(0));
  for (std::size_t i = 1; i < moves; ++i) commands.push_back(rig.says(cmd::Migrate{"1", Rank{host(i)}}));
  for (std::size_t i = 0; i < moves; ++i) {
    EXPECT_EQ(move.target_epoch, Epoch{2 + 2 * i});
    rig.accepted(move, host(i));
    auto const last = move;
    if (i + 1 < moves) move = rig.prepares(host(i + 1));  // before Departed of the last one is in
    rig.departed(last);
    EXPECT_EQ(rig.acted(commands[i]).to, Rank{host(i)});
  }
  EXPECT_EQ(rig.record(JobId{1}).moves, static_cast<std::uint32_t>(moves));
}

TEST(AllocatorMoves, AllMoveAtOnceEachForItself) {
  Rig rig({.slots = 8});
  for (int i = 0; i < 3; ++i) rig.running(1);
  auto const command = rig.says(cmd::Migrate{"all", Rank{2}});
  std::vector<msg::PrepareArrival> moves;
  for (int i = 0; i < 3; ++i) moves.push_back(rig.prepares(2));
  rig.accepted(moves[2], 2);
  rig.departed(moves[2]);
  rig.hears(1, msg::Stayed{JobId{1}, moves[0].target_epoch, moves[0].thaw_epoch, no_safe_point});
  rig.appended<log::Stayed>();
  rig.sent<msg::AbandonMove>(2);
  rig.sent<msg::ResumeJob>(1);
  rig.accepted(moves[1], 2);
  rig.departed(moves[1]);
  auto const acts = rig.replied<cmd::Acted>(command).acts;
  ASSERT_EQ(acts.size(), 3U);
  EXPECT_TRUE(acts[0].failure);
  EXPECT_FALSE(acts[1].failure);
  EXPECT_EQ(acts[2].job, JobId{3});
}

TEST(AllocatorMoves, AJobMayAskForItself) {
  Rig rig;
  auto const job = rig.running(1);
  rig.hears(1, msg::MoveWanted{job, Epoch{0}, Rank{2}});  // of old
  rig.hears(1, msg::MoveWanted{job, Epoch{1}, Rank{2}});
  auto const move = rig.prepares(2);
  rig.accepted(move, 2);
  rig.departed(move);
  rig.hears(2, msg::MoveWanted{job, Epoch{2}, Rank{2}});  // there already: nobody to tell
  rig.hears(2, msg::MoveWanted{job, Epoch{2}, no_rank});
  rig.prepares(1);
}

}  // namespace
}  // namespace godwit::allocator
