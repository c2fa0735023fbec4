// Checkpoint, suspend, resume, cancel and call: what is sent, what is answered, and who waits for whom.
#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

msg::OrderDone done(RequestId request, std::string answer = {}) {
  return {request, JobId{1}, std::nullopt, answer};
}
msg::OrderDone not_here(RequestId request) {
  return {request, JobId{1}, retry_later("not_here", "job 1 is not on this host"), {}};
}

TEST(AllocatorOrders, ACheckpointIsAnsweredWhenItIsDurable) {
  Rig rig;
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Checkpoint{"1"});
  auto const order = rig.sent<msg::CheckpointJob>(1);
  EXPECT_EQ(order.epoch, Epoch{1});
  msg::ImageName const image{Epoch{1}, Generation{4}, "jobs/1/checkpoints/1-4.h5"};
  rig.hears(1,
            msg::Checkpointed{job, Epoch{1}, image, {std::uint64_t{128} << 20, 41ms, 120ms}, order.request});
  EXPECT_EQ(rig.appended<log::Checkpointed>().bytes, std::uint64_t{128} << 20);
  auto const act = rig.acted(command);
  EXPECT_EQ(act.what, "generation 4: 128.0 MiB, 41 ms stopped, durable in 120 ms");
  EXPECT_EQ(act.image, image);
  rig.hears(1, done(order.request));  // harmless
  auto const row = rig.replied<cmd::Jobs>(rig.says(cmd::ShowJob{"1"})).rows.at(0);
  EXPECT_EQ(row.newest_image, image);
  EXPECT_EQ(row.images, std::vector{image});
}

TEST(AllocatorOrders, AFailedCheckpointSaysWhy) {
  Rig rig;
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Checkpoint{"1"});
  auto const order = rig.sent<msg::CheckpointJob>(1);
  rig.hears(2, msg::OrderDone{order.request, job, reject("lie", "not its host"), {}});
  rig.hears(1, msg::OrderDone{order.request, job, retry_later("no_space", "the store is full"), {}});
  EXPECT_EQ(rig.failed(command), "no_space: the store is full");
}

TEST(AllocatorOrders, OneByIntervalIsJournalledOnly) {
  Rig rig;
  auto const job = rig.running(1);
  rig.hears(1, msg::Checkpointed{job, Epoch{1}, {Epoch{1}, Generation{1}, ""}, {}, std::nullopt});
  rig.appended<log::Checkpointed>();
}

TEST(AllocatorOrders, SuspendAndResume) {
  Rig rig;
  auto const job = rig.running(1);
  EXPECT_EQ(rig.failed(rig.says(cmd::Resume{"1"})), "not_suspended: job 1 is not suspended");
  auto const suspend = rig.says(cmd::Suspend{"1"});
  rig.hears(1, done(rig.sent<msg::SuspendJob>(1).request));
  rig.appended<log::Suspended>();
  EXPECT_EQ(rig.acted(suspend).what, "suspended");
  EXPECT_EQ(rig.record(job).state, JobState::suspended);
  EXPECT_EQ(rig.failed(rig.says(cmd::Suspend{"1"})), "already_suspended: job 1 is suspended already");

  auto const migrate = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  rig.accepted(move, 2);
  rig.departed(move);
  rig.acted(migrate);
  EXPECT_EQ(rig.record(job).state, JobState::suspended)
      << "a job that is moved while suspended stays suspended";

  auto const resume = rig.says(cmd::Resume{"1"});
  rig.hears(2, done(rig.sent<msg::ResumeJob>(2).request));
  rig.appended<log::Resumed>();
  EXPECT_EQ(rig.acted(resume).what, "resumed");
}

TEST(AllocatorOrders, CancelIsAnsweredByTheEnd) {
  Rig rig;
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Cancel{"1"});
  auto const order = rig.sent<msg::CancelJob>(1);
  rig.hears(1, msg::JobEnded{job, Epoch{1}, {Ending::cancelled, "", "", 5}});
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.acted(command).what, "cancelled");
  rig.hears(1, done(order.request));
  EXPECT_EQ(rig.failed(rig.says(cmd::Cancel{"1"})), "already_ended: job 1 already cancelled");
}

TEST(AllocatorOrders, CancelOfAJobThatEndsByItself) {
  {
    Rig rig;
    auto const job = rig.running(1);
    auto const command = rig.says(cmd::Cancel{"1"});
    rig.sent<msg::CancelJob>(1);
    rig.hears(1, msg::JobEnded{job, Epoch{1}, {Ending::finished, "", "", 5}});
    rig.appended<log::Ended>();
    EXPECT_EQ(rig.failed(command), "already_ended: job 1 already finished");
  }
  Rig rig;
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Cancel{"1"});
  rig.sent<msg::CancelJob>(1);
  rig.hears(1, msg::JobEnded{job, Epoch{1}, {Ending::crashed, "signal 9", "", 5}});
  EXPECT_EQ(rig.appended<log::Ended>().outcome.ending, Ending::cancelled) << "its user wanted it gone";
  rig.acted(command);
}

TEST(AllocatorOrders, AWaitingJobIsCancelledWithoutAHost) {
  Rig rig({.slots = 0});
  rig.submit(Rig::counter());
  auto const wait = rig.says(cmd::Wait{{"1"}});
  auto const command = rig.says(cmd::Cancel{"1"});
  EXPECT_EQ(rig.appended<log::Ended>().outcome.ending, Ending::cancelled);
  EXPECT_EQ(rig.replied<cmd::Jobs>(wait).rows.at(0).state, JobState::cancelled);
  EXPECT_EQ(rig.acted(command).what, "cancelled");
  EXPECT_EQ(rig.failed(rig.says(cmd::Checkpoint{"1"})), "already_ended: job 1 already cancelled");
}

TEST(AllocatorOrders, CommandsOnAStartingJobWaitUntilItRuns) {
  Rig rig;
  rig.submit(Rig::counter());
  auto const start = rig.granted(1);
  auto const suspend = rig.says(cmd::Suspend{"1"});
  auto const call = rig.says(cmd::Call{"1", "where", {}});
  auto const cancel = rig.says(cmd::Cancel{"1"});
  rig.hears(1, msg::JobStarted{start.job, start.epoch, std::nullopt, 0, false, {}});
  rig.appended<log::Started>();
  auto const order = rig.sent<msg::SuspendJob>(1);
  auto const called = rig.sent<msg::CallJob>(1);
  EXPECT_EQ(called.method, "where");
  rig.hears(1, done(called.request, "here"));
  EXPECT_EQ(rig.acted(call).answer, "here");
  rig.hears(1, done(order.request));
  rig.appended<log::Suspended>();
  EXPECT_EQ(rig.acted(suspend).what, "suspended");
  rig.sent<msg::CancelJob>(1);
  rig.hears(1, msg::JobEnded{start.job, Epoch{1}, {Ending::cancelled, "", "", 5}});
  rig.appended<log::Ended>();
  rig.acted(cancel);
}

TEST(AllocatorOrders, AJobThatCannotStartAnswersThoseInLine) {
  Rig rig;
  rig.submit(Rig::counter());
  auto const start = rig.granted(1);
  auto const suspend = rig.says(cmd::Suspend{"1"});
  auto const call = rig.says(cmd::Call{"1", "where", {}});
  rig.hears(1, msg::JobEnded{start.job, start.epoch, {Ending::failed, "the plugin does not load", "", 0}});
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.failed(suspend), "already_ended: job 1 already failed: the plugin does not load");
  EXPECT_EQ(rig.failed(call), "already_ended: job 1 already failed: the plugin does not load");
}

TEST(AllocatorOrders, OperationsStandInLineBehindAMove) {
  Rig rig;
  rig.running(1);
  auto const migrate = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  auto const suspend = rig.says(cmd::Suspend{"1"});
  auto const again = rig.says(cmd::Suspend{"1"});
  auto const back = rig.says(cmd::Migrate{"1", Rank{2}});
  rig.accepted(move, 2);
  auto const order = rig.sent<msg::SuspendJob>(2);
  EXPECT_EQ(order.epoch, move.target_epoch);
  rig.departed(move);
  rig.acted(migrate);
  rig.hears(2, done(order.request));
  rig.appended<log::Suspended>();
  rig.acted(suspend);
  EXPECT_EQ(rig.failed(again).substr(0, 17), "already_suspended");
  EXPECT_EQ(rig.failed(back), "already_there: job 1 is on host 2 already");
}

TEST(AllocatorOrders, AllStandsForThoseItMakesSenseFor) {
  Rig rig({.hosts = 2, .slots = 1});
  rig.running(1);
  rig.running(2);
  rig.submit(Rig::counter());
  EXPECT_EQ(rig.refused(rig.says(cmd::Resume{"all"})).substr(0, 11), "no_live_job");
  auto const suspend = rig.says(cmd::Suspend{"all"});
  auto const first = rig.sent<msg::SuspendJob>(1).request, second = rig.sent<msg::SuspendJob>(2).request;
  rig.hears(2, msg::OrderDone{second, JobId{2}, std::nullopt, {}});
  rig.appended<log::Suspended>();
  rig.hears(1, msg::OrderDone{first, JobId{1}, std::nullopt, {}});
  rig.appended<log::Suspended>();
  EXPECT_EQ(rig.replied<cmd::Acted>(suspend).acts.size(), 2U);
  EXPECT_EQ(rig.refused(rig.says(cmd::Suspend{"all"})).substr(0, 11), "no_live_job");
  auto const cancel = rig.says(cmd::Cancel{"all"});  // the waiting one too
  rig.appended<log::Ended>();
  rig.sent<msg::CancelJob>(1);
  rig.sent<msg::CancelJob>(2);
  for (int host : {1, 2}) {
    rig.hears(host, msg::JobEnded{
                        JobId{static_cast<std::uint64_t>(host)}, Epoch{1}, {Ending::cancelled, "", "", 0}});
    rig.appended<log::Ended>();
  }
  EXPECT_EQ(rig.replied<cmd::Acted>(cancel).acts.size(), 3U);
}

TEST(AllocatorCalls, FollowTheJobOnceItHasSettled) {
  Rig rig;
  rig.running(1);
  auto const migrate = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  auto const call = rig.says(cmd::Call{"1", "set_dt", {"0.1"}});
  auto const first = rig.sent<msg::CallJob>(1);  // calls aren't queued
  EXPECT_EQ(first.arguments, std::vector<std::string>{"0.1"});
  rig.hears(1, not_here(first.request));  // frozen and gone: wait for the move to close
  rig.accepted(move, 2);
  auto const second = rig.sent<msg::CallJob>(2);
  EXPECT_EQ(second.epoch, move.target_epoch);
  rig.departed(move);
  rig.acted(migrate);
  rig.hears(2, done(second.request, "ok"));
  EXPECT_EQ(rig.acted(call).answer, "ok");
}

TEST(AllocatorCalls, ABounceAfterTheMoveIsSentAgainAtOnce) {
  Rig rig;
  rig.running(1);
  auto const call = rig.says(cmd::Call{"1", "f", {}});
  auto const first = rig.sent<msg::CallJob>(1);
  auto const migrate = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  rig.accepted(move, 2);
  rig.departed(move);
  rig.acted(migrate);
  rig.hears(1, not_here(first.request));
  auto const second = rig.sent<msg::CallJob>(2);
  rig.hears(2, not_here(second.request));  // the owner itself says so: no use asking it again
  EXPECT_EQ(rig.failed(call), "not_here: job 1 is not on this host");
}

TEST(AllocatorCalls, AMoveThatFailsSendsTheCallBackToTheSource) {
  Rig rig;
  auto const job = rig.running(1);
  auto const migrate = rig.says(cmd::Migrate{"1", Rank{2}});
  auto const move = rig.prepares(2);
  auto const call = rig.says(cmd::Call{"1", "f", {}});
  rig.hears(1, not_here(rig.sent<msg::CallJob>(1).request));
  rig.hears(1, msg::Stayed{job, move.target_epoch, move.thaw_epoch, reject("x", "y")});
  rig.appended<log::Stayed>();
  rig.sent<msg::AbandonMove>(2);
  rig.sent<msg::ResumeJob>(1);
  rig.failed(migrate);
  auto const again = rig.sent<msg::CallJob>(1);
  EXPECT_EQ(again.epoch, move.thaw_epoch);
  rig.hears(1, msg::OrderDone{again.request, job, reject("no_method", "no method 'f'"), {}});
  EXPECT_EQ(rig.failed(call), "no_method: no method 'f'");
}

TEST(AllocatorCalls, AreAnsweredWhenTheJobEndsOrWaits) {
  Rig rig({.hosts = 1, .slots = 1});
  auto const job = rig.running(1);
  rig.submit(Rig::counter());
  EXPECT_EQ(rig.failed(rig.says(cmd::Call{"2", "f", {}})), "waiting_for_host: job 2 is waiting for a host");
  auto const call = rig.says(cmd::Call{"1", "f", {}});
  rig.sent<msg::CallJob>(1);
  rig.hears(1, msg::JobEnded{job, Epoch{1}, {Ending::finished, "", "", 5}});
  rig.appended<log::Ended>();
  rig.granted(1);
  EXPECT_EQ(rig.failed(call), "already_ended: job 1 already finished");
}

}  // namespace
}  // namespace godwit::allocator
