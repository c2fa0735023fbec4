// What has ended begins again: retried as the same job, or restarted as a new one. What is journalled, granted and answered;
// and what is refused, with its reason.
#include "component/allocator_rig.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit::allocator {
namespace {

struct BeginningAgain : testing::Test {
  // Runs on host 1, has written these generations in its first epoch, and fails or is cancelled.
  JobId failed_job(std::vector<std::uint64_t> const& generations = {}, JobSpec spec = Rig::counter()) {
    auto const job = rig.running(1, std::move(spec));
    saves(job, 1, generations);
    rig.hears(1, msg::JobEnded{job, Epoch{1}, {Ending::failed, "boom", "", 9}});
    rig.appended<log::Ended>();
    return job;
  }
  void saves(JobId job, std::uint64_t epoch, std::vector<std::uint64_t> const& generations) {
    for (auto const generation : generations) {
      rig.hears(1, msg::Checkpointed{job, Epoch{epoch}, image_of(job, epoch, generation), {1000, 1ms, 2ms}, {}});
      rig.appended<log::Checkpointed>();
    }
  }
  Rig rig;
};

TEST_F(BeginningAgain, AFailedJobGoesOnFromItsNewestGeneration) {
  auto const job = failed_job({1, 2});
  auto const command = rig.says(cmd::Retry{"1"});
  auto const retried = rig.appended<log::Retried>();
  EXPECT_EQ(retried.job, job);
  EXPECT_FALSE(retried.afresh);
  EXPECT_EQ(rig.acted(command).what, "waits again, to go on from generation 2");
  auto const start = rig.granted(1);
  EXPECT_EQ(start.epoch, Epoch{2});
  EXPECT_EQ(start.images, (std::vector{image_of(job, 1, 2), image_of(job, 1, 1)}));
  EXPECT_FALSE(start.fresh_files);
  EXPECT_EQ(rig.commanded().back().text, "retry 1");
}

TEST_F(BeginningAgain, ItsCrashesAreForgotten) {
  auto spec = Rig::counter();
  spec.crash_limit = 1;
  auto const job = rig.running(1, spec);
  rig.hears(1, msg::JobEnded{job, Epoch{1}, {Ending::crashed, "signal 11", "", 3}});
  rig.appended<log::Crashed>();
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.record(job).state, JobState::failed);
  auto const command = rig.says(cmd::Retry{"last"});
  rig.appended<log::Retried>();
  EXPECT_EQ(rig.acted(command).what, "waits again, to start from its beginning");
  EXPECT_EQ(rig.record(job).crashes, 0U);
  EXPECT_TRUE(rig.record(job).outcome.reason.empty());
  rig.started(1, rig.granted(1));
}

TEST_F(BeginningAgain, AfreshItForgetsWhatItHadSaved) {
  auto const job = failed_job({1, 2});
  auto const command = rig.says(cmd::Retry{"1", true});
  EXPECT_TRUE(rig.appended<log::Retried>().afresh);
  rig.acted(command);
  EXPECT_TRUE(rig.granted(1).images.empty());
  // What its former self had written, and is reported late, isn't of its lineage any more.
  EXPECT_FALSE(rig.ledger().extends_lineage(job, {Epoch{1}, Generation{3}}));
}

TEST_F(BeginningAgain, WhatHasNotEndedIsRefused) {
  rig.running(1);
  EXPECT_EQ(rig.failed(rig.says(cmd::Retry{"1"})),
            "not_ended: job 1 hasn't ended: it is RUNNING; what failed or was cancelled can be retried");
  EXPECT_EQ(rig.refused(rig.says(cmd::Retry{"1@failed"})), "no_live_job: none of 1@failed can be retried now: there is none");
  rig.hears(1, msg::JobEnded{JobId{1}, Epoch{1}, {Ending::finished, "", "", 9}});
  rig.appended<log::Ended>();
  EXPECT_EQ(rig.failed(rig.says(cmd::Retry{"1"})),
            "already_ended: job 1 has finished: 'godwit restart 1' makes a new job of one of its generations");
  EXPECT_EQ(rig.refused(rig.says(cmd::Retry{"9"})), "no_such_job: no such job: 9");
}

TEST_F(BeginningAgain, ElementsThatFailedAndThoseThatNeverBegan) {
  Rig one{{.hosts = 1, .slots = 1}};
  one.submit(Rig::sweep(5, "sweep"));
  auto const start = one.granted(1);
  one.started(1, start);
  auto const cancel = one.says(cmd::Cancel{"sweep_3-5"});
  one.appended<log::ElementsCancelled>();
  one.acted(cancel);
  one.hears(1, msg::JobEnded{start.job, start.epoch, {Ending::failed, "boom", "", 9}});
  one.appended<log::Ended>();
  auto const second = one.granted(1);
  one.started(1, second);

  auto const waiting = one.says(cmd::Wait{{"sweep"}});
  auto const command = one.says(cmd::Retry{"sweep"});
  EXPECT_EQ(one.appended<log::Retried>().job, start.job);
  EXPECT_EQ(one.appended<log::ElementsRetried>().runs, (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{3, 5}}));
  auto const acts = one.replied<cmd::Acted>(command).acts;
  ASSERT_EQ(acts.size(), 2U);
  EXPECT_EQ(acts[0].what, "3 elements that had not begun wait again");
  EXPECT_EQ(acts[1].job, start.job);
  EXPECT_EQ(one.ledger().counts(JobId{1}).waiting, 4U);

  // Who waits for the array waits for these, too.
  one.sleep(9s);  // long enough that none is granted ahead of room
  one.ended(1, second);
  for (int i = 0; i < 4; ++i) {
    auto const next = one.granted(1);
    one.started(1, next);
    one.sleep(9s);
    one.ended(1, next);
  }
  EXPECT_EQ(one.replied<cmd::Jobs>(waiting).rows.size(), 1U);
  EXPECT_EQ(one.ledger().counts(JobId{1}).finished, 5U);
}

TEST_F(BeginningAgain, WhoWaitsForWhatFailedIsRetriedAfterIt) {
  failed_job();
  auto second = Rig::counter();
  second.after = {{"1", JobId{}, Dependency::Until::finished}};
  rig.submit(second);
  rig.appended<log::Ended>();  // it will never start
  EXPECT_EQ(rig.failed(rig.says(cmd::Retry{"2"})).substr(0, 61),
            "never_starts: job 2 can't be retried: it was to start after j");
  auto const command = rig.says(cmd::Retry{"all"});
  EXPECT_EQ(rig.appended<log::Retried>().job, JobId{1});
  EXPECT_EQ(rig.appended<log::Retried>().job, JobId{2});
  EXPECT_EQ(rig.replied<cmd::Acted>(command).acts.size(), 2U);
  auto const start = rig.granted(1);
  EXPECT_EQ(start.job, JobId{1});
  rig.started(1, start);
  rig.ended(1, start);
  EXPECT_EQ(rig.granted(1).job, JobId{2});
}

TEST(AgainLater, NothingIsRetriedWhileALostHostMayRunIt) {
  Rig rig{{.hosts = 3, .lease = 60s}};
  auto const job = rig.running(1);
  rig.hears(1, msg::JobEnded{job, Epoch{1}, {Ending::failed, "boom", "", 9}});
  rig.appended<log::Ended>();
  EXPECT_FALSE(rig.silent_until_lost(3));
  EXPECT_EQ(rig.failed(rig.says(cmd::Retry{"1"})),
            "not_fenced: job 1 can't be retried yet: a host that died may still run it; try again in 1 min 0 s");
  rig.pass(29s, {3});
  rig.pass(5s, {3});
  rig.appended<log::HostFenced>();
  auto const command = rig.says(cmd::Retry{"1"});
  rig.appended<log::Retried>();
  rig.acted(command);
  EXPECT_TRUE(rig.granted(1).fresh_files) << "that one's end isn't proven";
}

TEST_F(BeginningAgain, ARestartBeginsFromTheGenerationThatIsNamed) {
  auto const job = failed_job({1, 2, 3}, Rig::named("plate"));
  auto const command = rig.says(cmd::Restart{"plate", 0, 2, {}, false});
  auto const cloned = rig.appended<log::Cloned>();
  EXPECT_EQ(cloned.of, job);
  EXPECT_EQ(cloned.image, (log::ImageOf{job, {Epoch{1}, Generation{2}}}));
  EXPECT_EQ(cloned.spec.name, "plate.clone-2");
  EXPECT_FALSE(cloned.suspended);
  auto const start = rig.granted(1);
  EXPECT_EQ(start.clone_of, job);
  EXPECT_EQ(start.images, std::vector{image_of(job, 1, 2)});
  rig.hears(1, msg::JobStarted{start.job, start.epoch, start.images.front(), 61'440, false, {}});
  rig.appended<log::Started>();
  auto const act = rig.acted(command);
  EXPECT_EQ(act.clone, cloned.job);
  EXPECT_EQ(act.what, "goes on from 1:2 at step 61,440 on host 1");
  EXPECT_EQ(rig.record(job).state, JobState::failed) << "the old one is left alone";
}

TEST_F(BeginningAgain, WithoutAGenerationItIsTheNewest) {
  failed_job({1, 2});
  rig.says(cmd::Restart{"1"});
  EXPECT_EQ(rig.appended<log::Cloned>().image->image.generation, Generation{2});
  rig.granted(1);
}

TEST_F(BeginningAgain, ChangedArgumentsAreCheckedAgainstThePluginThatItHad) {
  auto const job = failed_job({1});
  auto const digest = rig.record(job).spec.plugin_digest;
  auto const type = Rig::counter().type;
  auto const bad = rig.says(cmd::Restart{"1", 0, 0, {{"stepps", "5"}}, false});
  auto const asked = rig.sought();
  EXPECT_EQ(asked.type, type + "@" + digest);
  rig.feed(TypesFound{asked.request, Rig::types()});
  EXPECT_NE(rig.refused(bad).find("no parameter 'stepps' (did you mean 'steps'?)"), std::string::npos);

  auto const good = rig.says(cmd::Restart{"1", 0, 0, {{"steps", "5"}}, false});
  rig.feed(TypesFound{rig.sought().request, Rig::types()});
  auto const spec = rig.appended<log::Cloned>().spec;
  EXPECT_EQ(spec.arguments.at("steps"), "5");
  EXPECT_EQ(spec.plugin_digest, digest);
  rig.granted(1);
  static_cast<void>(good);
}

TEST_F(BeginningAgain, TheLatestPluginTakesThePlaceOfItsOwn) {
  failed_job({1});
  rig.says(cmd::Restart{"1", 0, 0, {}, true});
  auto const asked = rig.sought();
  EXPECT_EQ(asked.type, Rig::counter().type);
  auto types = Rig::types();
  for (auto& type : types) type.plugin_digest = "cafe";
  rig.feed(TypesFound{asked.request, types});
  EXPECT_EQ(rig.appended<log::Cloned>().spec.plugin_digest, "cafe");
  rig.granted(1);
}

TEST_F(BeginningAgain, ARestartIsRefusedWithItsReason) {
  failed_job();
  EXPECT_EQ(rig.refused(rig.says(cmd::Restart{"1"})),
            "no_image: job 1 has no generation to restart from: submit it again");
  rig.submit(Rig::sweep(3, "sweep"));
  for (int i = 0; i < 3; ++i) rig.granted(i % 3 + 1);
  EXPECT_EQ(rig.refused(rig.says(cmd::Restart{"sweep"})).substr(0, 12), "not_one_job:");
}

TEST_F(BeginningAgain, AGenerationThatIsNotOfTheLineageIsRefused) {
  failed_job({1, 2});
  EXPECT_EQ(rig.refused(rig.says(cmd::Restart{"1", 0, 7, {}, false})),
            "no_such_generation: job 1 has no generation 7 in its lineage; it has 2, 1");
  EXPECT_EQ(rig.refused(rig.says(cmd::Restart{"1", 5, 2, {}, false})).substr(0, 19), "no_such_generation:");
}

}  // namespace
}  // namespace godwit::allocator
