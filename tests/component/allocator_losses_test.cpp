// What becomes of jobs whose host died: they go on elsewhere as soon as nobody can run them any more, from the newest
// image of their lineage, and are held when too many hosts in a row died with them.
#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

void checkpoints(Rig& rig, int host, JobId job, std::uint64_t epoch, std::uint64_t generation) {
  rig.hears(host, msg::Checkpointed{job, Epoch{epoch}, image_of(job, epoch, generation), {}, std::nullopt});
  rig.appended<log::Checkpointed>();
}

// A counter that may run anywhere, granted to host 1 and started there.
JobId anywhere(Rig& rig, JobSpec const& spec = Rig::counter()) {
  auto const job = rig.submit(spec);
  rig.started(1, rig.granted(1));
  return job;
}

// Grants it to host 1, 2, 3 … in turn, each of which dies; the last one is host `last`.
JobId held(Rig& rig, int last = 3, JobSpec const& spec = Rig::counter()) {
  auto const job = anywhere(rig, spec);
  for (int host = 1; host <= last; ++host) {
    rig.loses(host);
    if (host < last) rig.started(host + 1, rig.granted(host + 1));
  }
  return job;
}

TEST(AllocatorLosses, AJobGoesOnElsewhereFromItsNewestImage) {
  Rig rig;
  auto const job = anywhere(rig);
  auto const wait = rig.says(cmd::Wait{{"1"}});
  checkpoints(rig, 1, job, 1, 1);
  checkpoints(rig, 1, job, 1, 2);
  rig.loses(1);
  auto const start = rig.granted(2);
  EXPECT_EQ(start.epoch, Epoch{2});
  EXPECT_EQ(start.images, (std::vector{image_of(job, 1, 2), image_of(job, 1, 1)}));
  EXPECT_FALSE(start.fresh_files) << "its end is proven";
  // What a zombie would say now is an orphan, and obeyed by nobody.
  rig.hears(1, msg::Checkpointed{job, Epoch{1}, image_of(job, 1, 3), {}, std::nullopt});
  rig.hears(2, msg::JobStarted{job, Epoch{2}, image_of(job, 1, 3), 0, false, {}});
  EXPECT_EQ(rig.record(job).state, JobState::starting);
  rig.started(2, start);
  rig.ended(2, start, {Ending::finished, "", "", 100});
  EXPECT_EQ(rig.replied<cmd::Jobs>(wait).rows.at(0).state, JobState::finished);
}

TEST(AllocatorLosses, OneThatWasStartingGoesOnToo) {
  Rig rig;
  auto const job = rig.submit(Rig::counter());
  auto const first = rig.granted(1);
  rig.loses(1);
  auto const again = rig.granted(2);
  EXPECT_EQ(again.job, job);
  EXPECT_GT(again.epoch, first.epoch);
  EXPECT_TRUE(again.images.empty());
}

TEST(AllocatorLosses, AHostThatMayStillRunItKeepsItUntilItsLeaseIsOver) {
  Rig rig({.hosts = 2, .lease = 60s});
  auto const job = anywhere(rig);
  auto const wait = rig.says(cmd::Wait{{"1"}});
  EXPECT_FALSE(rig.silent_until_lost(1));
  EXPECT_EQ(rig.record(job).state, JobState::stranded);
  EXPECT_EQ(rig.failed(rig.says(cmd::Suspend{"1"})).substr(0, 9), "stranded:");
  EXPECT_EQ(rig.replied<cmd::Counts>(rig.says(cmd::Count{{"1@stranded"}})).counts.stranded, 1U);
  rig.pass(29s, {1});
  rig.nothing_more();
  rig.pass(5s, {1});
  EXPECT_EQ(rig.appended<log::HostFenced>().host, Rank{1});
  auto const start = rig.granted(2);
  EXPECT_TRUE(start.fresh_files) << "it may be in the middle of a write";
  rig.started(2, start);
  EXPECT_FALSE(rig.record(job).fresh_files);
  rig.ended(2, start);
  rig.replied<cmd::Jobs>(wait);
}

TEST(AllocatorLosses, AProofThatComesLateFencesAtOnce) {
  Rig rig({.hosts = 2, .lease = 60s});
  anywhere(rig);
  EXPECT_FALSE(rig.silent_until_lost(1));
  rig.dies(1);
  EXPECT_TRUE(rig.appended<log::HostLost>().proven);
  rig.appended<log::HostFenced>();
  EXPECT_FALSE(rig.granted(2).fresh_files);
}

TEST(AllocatorLosses, WhoWantedItGoneGetsThat) {
  Rig rig({.hosts = 2});
  auto const job = anywhere(rig);
  auto const cancel = rig.says(cmd::Cancel{"1"});
  rig.sent<msg::CancelJob>(1);
  rig.loses(1);
  EXPECT_EQ(rig.appended<log::Ended>().outcome.ending, Ending::cancelled);
  EXPECT_EQ(rig.acted(cancel).what, "cancelled");

  rig.says(cmd::ListJobs{});
  rig.replied<cmd::Jobs>(CommandId{3});
  EXPECT_EQ(rig.record(job).state, JobState::cancelled);
}

TEST(AllocatorLosses, ACancelThatStoodInLineIsCarriedOut) {
  Rig rig({.hosts = 2});
  anywhere(rig);
  auto const suspend = rig.says(cmd::Suspend{"1"});
  rig.sent<msg::SuspendJob>(1);
  auto const cancel = rig.says(cmd::Cancel{"1"});
  auto const migrate = rig.says(cmd::Migrate{"1", Rank{2}});
  rig.loses(1);
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.failed(suspend).substr(0, 9), "host_died");
  EXPECT_EQ(rig.failed(migrate).substr(0, 9), "host_died");
  EXPECT_EQ(rig.acted(cancel).what, "cancelled");
}

TEST(AllocatorLosses, AThirdHostInARowHoldsIt) {
  Rig rig({.hosts = 4});
  auto const job = held(rig);
  EXPECT_EQ(rig.record(job).state, JobState::held);
  EXPECT_EQ(rig.notes().back().text,
            "host 3 died; job 1 is held, because 3 hosts in a row died while they had it: 'godwit resume 1' lets it "
            "start again");
  EXPECT_EQ(rig.replied<cmd::Jobs>(rig.says(cmd::Wait{{"1"}})).rows.at(0).state, JobState::held)
      << "it waits for its user: nobody waits for it";
  EXPECT_EQ(rig.replied<cmd::Counts>(rig.says(cmd::Count{{"1@held"}})).counts.held, 1U);
  EXPECT_EQ(rig.failed(rig.says(cmd::Migrate{"1", Rank{4}})),
            "held: job 1 is held: 3 hosts in a row died while they had it; resume it first");
  EXPECT_EQ(rig.refused(rig.says(cmd::Suspend{"all"})),
            "no_live_job: none of all can be suspended now: 1 held");
  auto const resume = rig.says(cmd::Resume{"all"});
  EXPECT_EQ(rig.appended<log::Released>().job, job);
  EXPECT_EQ(rig.acted(resume).what, "released: it waits for a host");
  auto const start = rig.granted(4);
  EXPECT_EQ(start.epoch, Epoch{4});
  EXPECT_EQ(rig.record(job).host_losses, 0U);
}

TEST(AllocatorLosses, AHeldJobCanBeCancelledAndCloned) {
  Rig rig({.hosts = 3});
  auto spec = Rig::counter();
  spec.host_loss_limit = 1;
  held(rig, 1, spec);
  auto const clone = rig.says(cmd::Clone{"1", std::nullopt});
  rig.appended<log::Cloned>();
  rig.started(2, rig.granted(2));
  rig.acted(clone);
  auto const cancel = rig.says(cmd::Cancel{"1"});
  rig.appended<log::Ended>();
  rig.acted(cancel);
}

TEST(AllocatorLosses, AWaitForOthersCountsAHeldJobAgainOnceItIsReleased) {
  Rig rig({.hosts = 3});
  auto spec = Rig::counter();
  spec.host_loss_limit = 1;
  anywhere(rig, spec);
  auto const other = rig.submit(Rig::counter());
  auto const second = rig.granted(2);
  rig.started(2, second);
  auto const wait = rig.says(cmd::Wait{{"1", "2"}});
  rig.loses(1);  // job 1 is held: the wait is for job 2 alone
  auto const resume = rig.says(cmd::Resume{"1"});
  rig.appended<log::Released>();
  rig.acted(resume);
  auto const first = rig.granted(3);
  rig.started(3, first);
  rig.ended(2, second);
  EXPECT_EQ(rig.record(other).state, JobState::finished);
  rig.ended(3, first);  // and not before
  EXPECT_EQ(rig.replied<cmd::Jobs>(wait).rows.size(), 2U);
}

TEST(AllocatorLosses, NoLimitHoldsNothing) {
  Rig rig({.hosts = 5});
  auto spec = Rig::counter();
  spec.host_loss_limit = 0;
  auto const job = held(rig, 4, spec);
  EXPECT_EQ(rig.granted(5).job, job);
}

TEST(AllocatorLosses, WithoutAHostTheRuntimeEnds) {
  Rig rig({.hosts = 2});
  anywhere(rig);
  rig.loses(1);
  rig.started(2, rig.granted(2));
  rig.loses(2);
  rig.appended<log::WorldEnded>();
  EXPECT_EQ(rig.exit_code(), 0);
  EXPECT_EQ(rig.record(JobId{1}).state, JobState::waiting);
}

TEST(AllocatorLosses, AFormerWorldsEndThatIsntProvenMeansFreshFiles) {
  Ledger former;
  {
    Rig rig({.hosts = 1});
    anywhere(rig);
    former = rig.ledger();
  }
  Rig rig({.hosts = 1, .join = false, .ledger = former, .term = Term{2}, .old_leases = 10s});
  rig.joins(1);
  rig.pass(11s);
  auto const start = rig.granted(1);
  EXPECT_TRUE(start.fresh_files);
  rig.started(1, start);
  rig.hears(1, msg::JobEnded{start.job, start.epoch, {Ending::crashed, "", "", 1}});
  rig.appended<log::Crashed>();
  EXPECT_FALSE(rig.granted(1).fresh_files);
}

}  // namespace
}  // namespace godwit::allocator
