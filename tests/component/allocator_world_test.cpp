// The beginning and the end of a world: joining, stopping, a broken journal, and going on in the next one.
#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

void quiesce(Rig& rig, std::initializer_list<int> hosts) {
  for (int const host : hosts) rig.sent<msg::Quiesce>(host);
}
msg::Checkpointed last_image(JobId job, Epoch epoch, std::uint64_t generation) {
  return {job, epoch, {epoch, Generation{generation}, ""}, {}, std::nullopt};
}

TEST(AllocatorWorld, HostsJoinAndAreListed) {
  Rig rig({.join = false});
  EXPECT_TRUE(rig.replied<cmd::Hosts>(rig.says(cmd::ListHosts{})).rows.empty());
  EXPECT_EQ(rig.replied<cmd::Pong>(rig.says(cmd::Ping{})).hosts, 0);
  rig.submit(Rig::counter());  // waits for somebody to come
  rig.hears(2, msg::Hello{4711, "node2", 8, 4, 0});
  auto const welcome = rig.sent<msg::Welcome>(2);
  EXPECT_EQ(welcome.lease, 10s);
  rig.granted(2);
  auto const rows = rig.replied<cmd::Hosts>(rig.says(cmd::ListHosts{})).rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].host, Rank{2});
  EXPECT_EQ(rows[0].pid, 4711);
  EXPECT_EQ(rows[0].node, "node2");
  EXPECT_EQ(rows[0].state, "alive");
  EXPECT_EQ(rows[0].jobs, 1);
  EXPECT_EQ(rig.replied<cmd::Pong>(rig.says(cmd::Ping{})).hosts, 1);
}

TEST(AllocatorWorld, GrantsWaitForHostsThatAreStillJoining) {
  Rig rig({.hosts = 2, .join = false, .gather = 2s});
  rig.submit(Rig::counter());
  rig.submit(Rig::counter());
  rig.joins(1);  // and gets neither yet
  rig.joins(2);
  rig.granted(1);
  rig.granted(2);
}

TEST(AllocatorWorld, GrantsDontWaitLongForHostsThatNeverJoin) {
  Rig rig({.hosts = 2, .join = false, .gather = 2s});
  rig.submit(Rig::counter());
  rig.joins(1);
  rig.sleep(3s);
  rig.hears(1, msg::Heartbeat{});
  rig.sent<msg::HeartbeatSeen>(1);
  rig.granted(1);
}

TEST(AllocatorWorld, AHeartbeatIsEchoedAndShown) {
  Rig rig;
  auto const job = rig.running(1);
  Progress const progress{7, 100, "steps"};
  rig.hears(1, msg::Heartbeat{Instant{42}, {1500}, {{job, Epoch{1}, 7, progress, 0, {}, 1ms, 2ms}}});
  EXPECT_EQ(rig.sent<msg::HeartbeatSeen>(1).sent, Instant{42});
  rig.hears(2, msg::Heartbeat{Instant{43}, {}, {{job, Epoch{1}, 99, {}, 0, {}, {}, {}}}});  // it isn't there
  rig.sent<msg::HeartbeatSeen>(2);
  auto const row = rig.replied<cmd::Jobs>(rig.says(cmd::ListJobs{})).rows.at(0);
  EXPECT_EQ(row.steps, 7U);
  EXPECT_EQ(row.progress, progress);
  EXPECT_EQ(row.step_p99, 2ms);
  EXPECT_EQ(rig.replied<cmd::Hosts>(rig.says(cmd::ListHosts{})).rows.at(0).load.load_milli, 1500);
}

TEST(AllocatorWorld, MessagesThatAreNotForItAreDropped) {
  Rig rig;
  rig.hears(1, msg::Leave{});
  rig.hears(1, msg::Quiesced{});
  rig.hears(9, msg::Hello{});
  rig.hears(1, msg::JobEnded{JobId{5}, Epoch{1}, {}});
  rig.hears(1, msg::Trouble{JobId{}, retry_later("no_space", "the store is full")});
  EXPECT_EQ(rig.notes().back().text, "host 1: the store is full (no_space)");
  EXPECT_EQ(rig.notes().back().level, Level::warning);
}

TEST(AllocatorWorld, NotesSayWhoGaveTheCommand) {
  Rig rig;
  auto const job = rig.running(1);
  rig.says(cmd::Migrate{"1", Rank{2}});
  rig.prepares(2);
  bool noted = false;
  for (auto const& note : rig.notes())
    noted |= note.job == job && note.text == "anna@node0 (pid 99): migrate 1 2";
  EXPECT_TRUE(noted);
}

TEST(AllocatorWorld, StopParksEveryJob) {
  Rig rig;
  auto const first = rig.running(1), second = rig.running(2);
  auto const wait = rig.says(cmd::Wait{});
  auto const stop = rig.says(cmd::Stop{});
  EXPECT_EQ(rig.refused(wait), "stopping: the runtime is stopping");
  quiesce(rig, {1, 2, 3});
  EXPECT_EQ(rig.refused(rig.says(cmd::ListJobs{})), "stopping: the runtime is stopping");
  auto const again = rig.says(cmd::Stop{});
  rig.hears(3, msg::Quiesced{});
  rig.hears(1, last_image(first, Epoch{1}, 1));
  rig.appended<log::Checkpointed>();
  rig.hears(1, msg::Quiesced{});
  rig.hears(2, msg::Quiesced{{{second, retry_later("no_space", "the store is full")}}});
  EXPECT_EQ(rig.appended<log::Parked>().job, first);
  EXPECT_EQ(rig.appended<log::Parked>().job, second);
  EXPECT_EQ(rig.appended<log::WorldEnded>().term, Term{1});
  for (int const host : {1, 2, 3}) rig.sent<msg::Leave>(host);
  auto const stopped = rig.replied<cmd::Stopped>(stop);
  EXPECT_EQ(stopped.checkpointed, 1);
  ASSERT_EQ(stopped.unsaved.size(), 1U);
  EXPECT_EQ(stopped.unsaved[0].first, second);
  rig.replied<cmd::Stopped>(again);
  EXPECT_EQ(rig.exit_code(), 0);
  rig.dies(1);  // it left: no matter any more
}

TEST(AllocatorWorld, StopLetsAnOpenMoveCloseFirst) {
  Rig rig;
  rig.running(1);
  rig.submit(Rig::counter());
  auto const other = rig.granted(2);
  auto const migrate = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  auto const queued = rig.says(cmd::Suspend{"1"});
  rig.feed(StopWanted{});
  EXPECT_EQ(rig.failed(queued), "stopping: the runtime is stopping");
  rig.started(2, other);
  rig.accepted(move, 2);
  quiesce(rig, {1, 2, 3});
  rig.departed(move);
  rig.acted(migrate);
  rig.hears(2, msg::JobEnded{other.job, Epoch{1}, {Ending::crashed, "", "", 1}});
  rig.appended<log::Crashed>();  // and not granted again
  rig.hears(1, msg::Quiesced{});
  rig.hears(2, msg::Quiesced{});
  rig.loses(3);
  EXPECT_EQ(rig.appended<log::Parked>().epoch, move.target_epoch);
  rig.appended<log::WorldEnded>();
  rig.sent<msg::Leave>(1);
  rig.sent<msg::Leave>(2);
  EXPECT_EQ(rig.exit_code(), 0);
}

TEST(AllocatorWorld, StopAnswersWhatIsLeftOpen) {
  Rig rig({.hosts = 1});
  rig.running(1);
  auto const submit = rig.says(cmd::Submit{{Rig::counter()}});
  auto const find = rig.sought();
  auto const checkpoint = rig.says(cmd::Checkpoint{"1"});
  rig.sent<msg::CheckpointJob>(1);
  rig.feed(StopWanted{});
  EXPECT_EQ(rig.refused(submit).substr(0, 8), "stopping");
  quiesce(rig, {1});
  rig.feed(TypesFound{find.request, Rig::types()});
  rig.hears(1, msg::Quiesced{});
  EXPECT_EQ(rig.failed(checkpoint).substr(0, 8), "stopping");
  rig.appended<log::Parked>();
  rig.appended<log::WorldEnded>();
  rig.sent<msg::Leave>(1);
}

TEST(AllocatorWorld, WithoutAJournalNothingIsDecided) {
  Rig rig({.hosts = 2});
  rig.running(1);
  auto const migrate = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  auto const wait = rig.says(cmd::Wait{});
  rig.feed(JournalBroken{retry_later("no_space", "no space left on device")});
  EXPECT_EQ(rig.refused(wait).substr(0, 14), "journal_broken");
  EXPECT_EQ(rig.refused(migrate).substr(0, 14), "journal_broken");
  quiesce(rig, {1, 2});
  EXPECT_EQ(rig.refused(rig.says(cmd::ListJobs{})).substr(0, 14), "journal_broken");
  rig.hears(2, msg::Accepted{move.job, move.target_epoch, 1, false});
  rig.hears(2, last_image(move.job, move.target_epoch, 1));
  rig.hears(1, msg::Quiesced{});
  rig.hears(2, msg::Quiesced{});
  rig.sent<msg::Leave>(1);
  rig.sent<msg::Leave>(2);
  EXPECT_EQ(rig.exit_code(), 3);
}

// A world with a suspended job 1 that has two images, a waiting job 2 and a finished job 3.
Ledger left_behind(bool cleanly) {
  Rig rig({.hosts = 1, .slots = 1});
  auto const job = rig.running(1);
  auto const suspend = rig.says(cmd::Suspend{"1"});
  rig.hears(1, msg::OrderDone{rig.sent<msg::SuspendJob>(1).request, job, std::nullopt, {}});
  rig.appended<log::Suspended>();
  rig.acted(suspend);
  rig.submit(Rig::counter());
  rig.submit(Rig::counter());
  auto const cancel = rig.says(cmd::Cancel{"3"});
  rig.appended<log::Ended>();
  rig.acted(cancel);
  for (std::uint64_t g : {1, 2}) {
    rig.hears(1, last_image(job, Epoch{1}, g));
    rig.appended<log::Checkpointed>();
  }
  if (!cleanly) return rig.ledger();
  rig.feed(StopWanted{});
  quiesce(rig, {1});
  rig.hears(1, msg::Quiesced{});
  rig.appended<log::Parked>();
  rig.appended<log::WorldEnded>();
  rig.sent<msg::Leave>(1);
  return rig.ledger();
}

TEST(AllocatorWorld, TheNextWorldGoesOnFromTheNewestImage) {
  Rig rig({.hosts = 1, .slots = 2, .join = false, .ledger = left_behind(true), .term = Term{2}});
  rig.hears(1, msg::Hello{1, "n", 1, 2, 0});
  rig.sent<msg::Welcome>(1);
  auto const start = rig.granted(1);
  EXPECT_EQ(start.job, JobId{1});
  EXPECT_EQ(start.epoch, Epoch{2});
  ASSERT_EQ(start.images.size(), 2U);
  EXPECT_EQ(start.images[0].path, "jobs/1/checkpoints/1-2.h5");
  EXPECT_EQ(start.images[1].path, "jobs/1/checkpoints/1-1.h5");
  EXPECT_EQ(rig.granted(1).job, JobId{2});
  rig.hears(1, msg::JobStarted{JobId{1}, Epoch{2}, start.images[0], 9, true, {}});
  EXPECT_TRUE(rig.appended<log::Started>().suspended);
  EXPECT_EQ(rig.record(JobId{1}).state, JobState::suspended) << "a suspended job stays suspended";
  EXPECT_EQ(rig.submit(Rig::counter()), JobId{4}) << "numbers are never given twice";
}

TEST(AllocatorWorld, TheUsersLastWordIsKeptWhateverTheImageSays) {
  Rig rig({.hosts = 1, .slots = 2, .ledger = left_behind(true), .term = Term{2}});
  auto const start = rig.granted(1);
  rig.granted(1);
  // The image was taken before the job was suspended.
  rig.hears(1, msg::JobStarted{JobId{1}, Epoch{2}, start.images[0], 9, false, {}});
  rig.appended<log::Started>();
  auto const order = rig.sent<msg::SuspendJob>(1);
  rig.hears(1, msg::OrderDone{order.request, JobId{1}, std::nullopt, {}});
  rig.nothing_more();  // the ledger has it so already
  // And the other way round.
  auto const resume = rig.says(cmd::Resume{"1"});
  rig.hears(1, msg::OrderDone{rig.sent<msg::ResumeJob>(1).request, JobId{1}, std::nullopt, {}});
  rig.appended<log::Resumed>();
  rig.acted(resume);
  rig.hears(1, msg::JobEnded{JobId{1}, Epoch{2}, {Ending::crashed, "", "", 9}});
  rig.appended<log::Crashed>();
  auto const again = rig.granted(1);
  rig.hears(1, msg::JobStarted{JobId{1}, Epoch{3}, again.images[0], 9, true, {}});
  rig.appended<log::Started>();
  rig.sent<msg::ResumeJob>(1);
}

TEST(AllocatorWorld, OldLeasesAreWaitedOutForJobsThatRan) {
  Rig rig({.hosts = 1,
           .slots = 2,
           .join = false,
           .ledger = left_behind(false),
           .term = Term{2},
           .old_leases = 10s});
  rig.hears(1, msg::Hello{1, "n", 1, 2, 0});
  rig.sent<msg::Welcome>(1);
  EXPECT_EQ(rig.granted(1).job, JobId{2}) << "it never ran: nobody can be running it";
  EXPECT_EQ(rig.failed(rig.says(cmd::Migrate{"1", Rank{1}})).substr(0, 16), "waiting_for_host");
  rig.pass(9s);
  rig.nothing_more();
  rig.pass(2s);
  EXPECT_EQ(rig.granted(1).job, JobId{1});
}

TEST(AllocatorWorld, TheSameEventsGiveTheSameEffects) {
  auto const script = [] {
    Rig rig;
    rig.running(1);
    rig.says(cmd::Migrate{"1", Rank{2}});
    auto const move = rig.prepares(2);
    rig.accepted(move, 2);
    rig.departed(move);
    rig.acted(CommandId{2});
    std::string trace;
    for (auto const& note : rig.notes()) trace += note.text + "\n";
    return trace;
  };
  EXPECT_EQ(script(), script());
}

}  // namespace
}  // namespace godwit::allocator
