// Whether a job is suspended is its user's word, as it was last answered: it outlives hosts and allocators, whatever the image says
// that the job goes on from.
#include "component/allocator_rig.hpp"

namespace godwit::allocator::suspension_test {
namespace {

constexpr JobId job{1};

JobSpec anywhere() { return Rig::counter(); }

// A job on host 1 with an image of the time before it was suspended, or resumed.
struct Scene {
  explicit Scene(bool its_image_suspended) : image_suspended(its_image_suspended) {
    rig.submit(anywhere());
    auto const start = rig.granted(1);
    rig.started(1, start);
    if (image_suspended) orders<msg::SuspendJob, log::Suspended>(cmd::Suspend{"1"}, 1);
    rig.hears(1, msg::Checkpointed{job, start.epoch, image_of(job, 1, 1), {}, {}});
    rig.appended<log::Checkpointed>();
    if (image_suspended) {
      orders<msg::ResumeJob, log::Resumed>(cmd::Resume{"1"}, 1);
    } else {
      orders<msg::SuspendJob, log::Suspended>(cmd::Suspend{"1"}, 1);
    }
  }
  template <class Message, class Event>
  void orders(Command const& command, int host) {
    auto const asked = rig.says(command);
    rig.hears(host, msg::OrderDone{rig.sent<Message>(host).request, job, std::nullopt, {}});
    rig.appended<Event>();
    EXPECT_FALSE(rig.acted(asked).failure);
  }
  // It is granted to that host, and goes on there as the image says.
  Epoch goes_on(int host) {
    auto const start = rig.granted(host);
    rig.hears(host, msg::JobStarted{job, start.epoch, image_of(job, 1, 1), 5, image_suspended, {}});
    rig.appended<log::Started>();
    return start.epoch;
  }
  template <class Message>
  void is_told(int host, Epoch epoch) {
    auto const order = rig.sent<Message>(host);
    EXPECT_EQ(order.job, job);
    EXPECT_EQ(order.epoch, epoch);
    rig.hears(host, msg::OrderDone{order.request, job, std::nullopt, {}});
    rig.nothing_more();
  }
  bool image_suspended;
  Rig rig;
};

TEST(Suspension, AJobThatWasResumedRunsWhereverItGoesOn) {
  Scene scene(true);
  scene.rig.loses(1);
  auto epoch = scene.goes_on(2);
  EXPECT_EQ(scene.rig.record(job).state, JobState::running);
  scene.rig.sent<msg::ResumeJob>(2);
  scene.rig.loses(2);  // before it obeyed
  epoch = scene.goes_on(3);
  EXPECT_EQ(scene.rig.record(job).state, JobState::running);
  scene.is_told<msg::ResumeJob>(3, epoch);
  EXPECT_EQ(scene.rig.record(job).state, JobState::running);
}

TEST(Suspension, AJobThatWasSuspendedComesBackSuspended) {
  Scene scene(false);
  scene.rig.loses(1);
  scene.goes_on(2);
  EXPECT_EQ(scene.rig.record(job).state, JobState::suspended);
  scene.rig.sent<msg::SuspendJob>(2);
  scene.rig.loses(2);
  auto const epoch = scene.goes_on(3);
  EXPECT_EQ(scene.rig.record(job).state, JobState::suspended);
  scene.is_told<msg::SuspendJob>(3, epoch);
  EXPECT_EQ(scene.rig.record(job).state, JobState::suspended);
}

TEST(Suspension, ACrashInBetweenDoesNotMatter) {
  Scene scene(true);
  scene.rig.loses(1);
  auto epoch = scene.goes_on(2);
  scene.rig.sent<msg::ResumeJob>(2);
  scene.rig.hears(2, msg::JobEnded{job, epoch, {Ending::crashed, "killed by signal 9", "", 5, Duration{0}}});
  scene.rig.appended<log::Crashed>();
  epoch = scene.goes_on(scene.rig.record(job).host.value);
  EXPECT_EQ(scene.rig.record(job).state, JobState::running);
  scene.is_told<msg::ResumeJob>(scene.rig.record(job).host.value, epoch);
}

TEST(Suspension, ANewAllocatorSaysSoAgain) {
  for (bool const suspended : {true, false}) {
    Scene scene(suspended);
    scene.rig.loses(1);
    auto const epoch = scene.goes_on(2);
    suspended ? void(scene.rig.sent<msg::ResumeJob>(2)) : void(scene.rig.sent<msg::SuspendJob>(2));  // and it dies before that is obeyed
    Rig next({.join = false, .ledger = scene.rig.ledger(), .term = Term{2}, .takes_over = true});
    next.holds(2, {{.job = job, .epoch = epoch}});
    if (suspended) {
      EXPECT_EQ(next.sent<msg::ResumeJob>(2).epoch, epoch);
      EXPECT_EQ(next.record(job).state, JobState::running);
    } else {
      EXPECT_EQ(next.sent<msg::SuspendJob>(2).epoch, epoch);
      EXPECT_EQ(next.record(job).state, JobState::suspended);
    }
  }
}

TEST(Suspension, WhatWaitsForAHostCanBeResumed) {
  Rig rig{{.hosts = 2, .slots = 1}};
  auto pinned = Rig::counter();
  pinned.host = Rank{1};
  rig.submit(pinned);
  rig.started(1, rig.granted(1));
  auto const suspend = rig.says(cmd::Suspend{"1"});
  rig.hears(1, msg::OrderDone{rig.sent<msg::SuspendJob>(1).request, job, std::nullopt, {}});
  rig.appended<log::Suspended>();
  rig.acted(suspend);
  rig.loses(1);  // it waits, for it wants host 1 only
  EXPECT_EQ(rig.record(job).state, JobState::waiting);
  auto const resume = rig.says(cmd::Resume{"all"});
  rig.appended<log::Resumed>();
  EXPECT_EQ(rig.acted(resume).what, "resumed: it goes on as soon as it has a host");
  EXPECT_FALSE(rig.record(job).suspended);
  EXPECT_EQ(rig.refused(rig.says(cmd::Resume{"all"})).substr(0, 11), "no_live_job") << "once is enough";
}

TEST(Suspension, WhatIsStrandedCanBeResumed) {
  Rig rig({.hosts = 2, .lease = 60s});
  rig.submit(anywhere());
  rig.started(1, rig.granted(1));
  auto const suspend = rig.says(cmd::Suspend{"1"});
  rig.hears(1, msg::OrderDone{rig.sent<msg::SuspendJob>(1).request, job, std::nullopt, {}});
  rig.appended<log::Suspended>();
  rig.acted(suspend);
  EXPECT_FALSE(rig.silent_until_lost(1));
  EXPECT_EQ(rig.record(job).state, JobState::stranded);
  auto const resume = rig.says(cmd::Resume{"1"});
  rig.appended<log::Resumed>();
  EXPECT_FALSE(rig.acted(resume).failure);
  EXPECT_EQ(rig.record(job).state, JobState::stranded);
  EXPECT_FALSE(rig.record(job).suspended);
}

TEST(Suspension, AMoveDoesNotChangeIt) {
  Scene scene(true);
  auto& rig = scene.rig;
  rig.loses(1);
  scene.goes_on(2);
  rig.sent<msg::ResumeJob>(2);  // lost on the way, or overtaken by the freeze
  auto const command = rig.says(cmd::Migrate{"1", Rank{3}});
  auto const move = rig.prepares(3);
  rig.hears(3, msg::Accepted{job, move.target_epoch, 5, true});
  rig.appended<log::Moved>();
  scene.is_told<msg::ResumeJob>(3, move.target_epoch);
  rig.departed(move);
  EXPECT_FALSE(rig.acted(command).failure);
  EXPECT_EQ(rig.record(job).state, JobState::running);
}

TEST(Suspension, NorDoesOneThatFails) {
  Scene scene(false);
  auto& rig = scene.rig;
  rig.loses(1);
  scene.goes_on(2);
  rig.sent<msg::SuspendJob>(2);  // it comes when the move is over: at an epoch that is not any more
  auto const command = rig.says(cmd::Migrate{"1", Rank{3}});
  auto const move = rig.prepares(3);
  rig.hears(2, msg::Stayed{job, move.target_epoch, move.thaw_epoch, retry_later("no_safe_point", "step 4 is still running")});
  rig.appended<log::Stayed>();
  rig.sent<msg::AbandonMove>(3);
  rig.failed(command);
  scene.is_told<msg::SuspendJob>(2, move.thaw_epoch);
  EXPECT_EQ(rig.record(job).state, JobState::suspended);
}

}  // namespace
}  // namespace godwit::allocator::suspension_test
