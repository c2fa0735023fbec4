// Clones: what is ordered of the source, what is journalled, how the new job is granted and told what it is,
// and what the user hears; of jobs that run, are suspended, wait, or can't be cloned.
#include "component/allocator_rig.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit::allocator {
namespace {

struct Clones : testing::Test {
  // The checkpoint that is ordered of the source on host 1 is done; the clone is journalled.
  log::Cloned saved(JobId job) {
    auto const order = rig.sent<msg::CheckpointJob>(1);
    EXPECT_EQ(order.job, job);
    rig.hears(1, msg::Checkpointed{job,
                                   order.epoch,
                                   image_of(job, order.epoch.value, 4),
                                   {13'002'342, 3'100us, 20ms},
                                   order.request});
    rig.appended<log::Checkpointed>();
    return rig.appended<log::Cloned>();
  }
  void goes_on(int host, msg::StartJob const& start, bool suspended = false) {
    rig.hears(host, msg::JobStarted{start.job, start.epoch, start.images.front(), 61'440, suspended, {}});
    EXPECT_FALSE(rig.appended<log::Started>().from);  // it begins its own lineage
  }
  JobId named(std::string const& name) {
    auto spec = Rig::counter();
    spec.name = name;
    return rig.running(1, spec);
  }
  Rig rig;
};

TEST_F(Clones, ARunningJobOnAnotherHost) {
  auto const job = named("plate");
  auto const command = rig.says(cmd::Clone{"plate", Rank{2}});
  auto const cloned = saved(job);
  EXPECT_EQ(cloned.of, job);
  EXPECT_EQ(cloned.job, JobId{2});
  EXPECT_EQ(cloned.image, (log::ImageOf{job, {Epoch{1}, Generation{4}}}));
  EXPECT_EQ(cloned.spec.name, "plate.clone-2");
  EXPECT_FALSE(cloned.suspended);
  auto const start = rig.granted(2);
  EXPECT_EQ(start.job, cloned.job);
  EXPECT_EQ(start.clone_of, job);
  EXPECT_EQ(start.images, std::vector{image_of(job, 1, 4)});
  EXPECT_EQ(start.spec.arguments, rig.record(job).spec.arguments);
  goes_on(2, start);
  auto const act = rig.acted(command);
  EXPECT_EQ(act.job, job);
  EXPECT_EQ(act.clone, cloned.job);
  EXPECT_EQ(act.to, Rank{2});
  EXPECT_EQ(act.what, "is a clone of job 1 at step 61,440 on host 2: 12.4 MiB, 3.1 ms stopped");
  EXPECT_EQ(rig.record(job).state, JobState::running);
  EXPECT_EQ(rig.record(cloned.job).state, JobState::running);
  rig.says(cmd::Migrate{"2", Rank{3}});
  EXPECT_EQ(rig.prepares(3).clone_of, job) << "its outputs are its own wherever it goes";
}

TEST_F(Clones, TheOriginIsNamedUntilThereIsAnImageOfItsOwn) {
  auto const job = named("");
  auto const command = rig.says(cmd::Clone{"1", Rank{2}});
  auto const clone = saved(job).job;
  auto start = rig.granted(2);
  goes_on(2, start);
  rig.acted(command);
  rig.hears(2, msg::JobEnded{clone, start.epoch, {Ending::crashed, "killed", "", 9}});
  rig.appended<log::Crashed>();
  start = rig.granted(2);
  EXPECT_EQ(start.images, std::vector{image_of(job, 1, 4)});
  EXPECT_EQ(start.clone_of, job);
  goes_on(2, start);
  // Of the same epoch and generation as the origin's: told apart by the path.
  rig.hears(2, msg::Checkpointed{clone, start.epoch, image_of(clone, 2, 4), {}, {}});
  rig.appended<log::Checkpointed>();
  rig.hears(2, msg::JobEnded{clone, start.epoch, {Ending::crashed, "killed", "", 9}});
  rig.appended<log::Crashed>();
  start = rig.granted(2);
  EXPECT_EQ(start.images, (std::vector{image_of(clone, 2, 4), image_of(job, 1, 4)}));
  rig.hears(2, msg::JobStarted{clone, start.epoch, start.images.front(), 61'500, false, {}});
  EXPECT_EQ(rig.appended<log::Started>().from, (log::ImageKey{Epoch{2}, Generation{4}}));
}

TEST_F(Clones, ASuspendedJobHasASuspendedClone) {
  auto const job = named("");
  auto const suspend = rig.says(cmd::Suspend{"1"});
  auto const order = rig.sent<msg::SuspendJob>(1);
  rig.hears(1, msg::OrderDone{order.request, job, std::nullopt, {}});
  rig.appended<log::Suspended>();
  rig.acted(suspend);
  auto const command = rig.says(cmd::Clone{"1", Rank{3}});
  EXPECT_TRUE(saved(job).suspended);
  goes_on(3, rig.granted(3), true);
  EXPECT_EQ(rig.acted(command).what,
            "is a clone of job 1 at step 61,440 on host 3, suspended: 12.4 MiB, 3.1 ms stopped");
  rig.nothing_more();  // it isn't resumed: the user's last word on the source counts for it too
}

TEST_F(Clones, AJobThatWaitsIsClonedFromWhatThereIs) {
  auto spec = Rig::counter();
  spec.host = Rank{1};
  auto const fresh = rig.submit(spec);
  auto start = rig.granted(1);
  rig.started(1, start);
  rig.hears(1, msg::Checkpointed{fresh, start.epoch, image_of(fresh, 1, 1), {}, {}});
  rig.appended<log::Checkpointed>();
  rig.loses(1);
  EXPECT_EQ(rig.record(fresh).state, JobState::waiting);
  auto const command =
      rig.says(cmd::Clone{"1", std::nullopt});  // nobody is there to be asked for a checkpoint
  auto const cloned = rig.appended<log::Cloned>();
  EXPECT_EQ(cloned.image, (log::ImageOf{fresh, {Epoch{1}, Generation{1}}}));
  EXPECT_EQ(rig.acted(command).what, "is a clone of job 1, and waits for a host");

  auto const again = rig.says(cmd::Clone{"2", std::nullopt});  // a clone of the clone, which has never run
  EXPECT_EQ(rig.appended<log::Cloned>().image, cloned.image);
  rig.acted(again);
}

TEST_F(Clones, OneThatNeverStartedIsSubmittedOnceMore) {
  Rig full{{.hosts = 1, .slots = 1}};
  full.running(1);
  auto const waiting = full.submit(Rig::counter());
  auto const command = full.says(cmd::Clone{"2", std::nullopt});
  auto const cloned = full.appended<log::Cloned>();
  EXPECT_EQ(cloned.of, waiting);
  EXPECT_FALSE(cloned.image);
  EXPECT_EQ(full.acted(command).what, "is a clone of job 2 from its beginning, and waits for a host");
}

TEST_F(Clones, AnElementIsClonedAsAJobOfItsOwn) {
  Rig two{{.hosts = 1, .slots = 1}};
  two.submit(Rig::sweep(3, "sweep"));
  two.started(1, two.granted(1));
  auto const waiting =
      two.says(cmd::Clone{"sweep_3", std::nullopt});  // nothing is known of it but that it waits
  auto cloned = two.appended<log::Cloned>();
  EXPECT_EQ(cloned.of, JobId::of_element(1, 3));
  EXPECT_EQ(cloned.job, JobId{2});
  EXPECT_EQ(cloned.spec.arguments.at("steps"), "3");
  EXPECT_EQ(two.acted(waiting).what, "is a clone of job 1_3 from its beginning, and waits for a host");

  auto const running = two.says(cmd::Clone{"sweep_1", std::nullopt});
  auto const order = two.sent<msg::CheckpointJob>(1);
  two.hears(1, msg::Checkpointed{order.job, order.epoch, image_of(order.job, 1, 1), {}, order.request});
  two.appended<log::Checkpointed>();
  cloned = two.appended<log::Cloned>();
  EXPECT_EQ(cloned.image, (log::ImageOf{JobId::of_element(1, 1), {Epoch{1}, Generation{1}}}));
  two.acted(running);
}

TEST_F(Clones, WhatCannotBe) {
  auto const job = named("");
  EXPECT_EQ(rig.failed(rig.says(cmd::Clone{"1", Rank{9}})),
            "no_such_host: host 9 does not exist: hosts are 1..3");
  EXPECT_EQ(rig.refused(rig.says(cmd::Clone{"7", {}})).substr(0, 11), "no_such_job");

  auto command = rig.says(cmd::Clone{"1", {}});
  auto const order = rig.sent<msg::CheckpointJob>(1);
  rig.hears(1, msg::OrderDone{order.request, job, retry_later("store_full", "no space left"), {}});
  EXPECT_EQ(rig.failed(command), "store_full: no space left");

  command = rig.says(cmd::Clone{"1", Rank{2}});
  auto const clone = saved(job).job;
  auto const start = rig.granted(2);
  rig.hears(2, msg::JobEnded{clone, start.epoch, {Ending::failed, "cannot copy output", "", 0}});
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.failed(command), "clone_failed: job 2, the clone of job 1, failed: cannot copy output");

  rig.hears(1, msg::JobEnded{job, Epoch{1}, {Ending::finished, "", "", 9}});
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.failed(rig.says(cmd::Clone{"1", {}})), "already_ended: job 1 already finished");
}

TEST_F(Clones, AStopAnswersAboutOneThatIsStarting) {
  auto const job = named("");
  auto const command = rig.says(cmd::Clone{"1", Rank{2}});
  saved(job);
  rig.granted(2);
  auto const stop = rig.says(cmd::Stop{});
  for (int host : {1, 2, 3}) rig.sent<msg::Quiesce>(host);
  for (int host : {1, 2, 3}) rig.hears(host, msg::Quiesced{});
  rig.appended<log::Parked>();
  rig.appended<log::Parked>();
  rig.appended<log::WorldEnded>();
  for (int host : {1, 2, 3}) rig.sent<msg::Leave>(host);
  EXPECT_EQ(rig.acted(command).what, "is a clone of job 1, and waits for a host: 12.4 MiB, 3.1 ms stopped");
  rig.replied<cmd::Stopped>(stop);
}

}  // namespace
}  // namespace godwit::allocator
