// How a job starts on a host, and how it ends there: afresh, from the newest image that verifies, not at
// all; and that an older or repeated order is answered and not obeyed.
#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

struct HostStart : testing::Test, Scenes {
  // Images are named: prepared and verified side by side.
  CapsuleId granted(std::vector<msg::ImageName> const& images) {
    from_allocator(msg::StartJob{job, e4, spec_of(), images});
    auto const order = did<host::PrepareCapsule>().order;
    verify = did<host::VerifyImages>();
    EXPECT_EQ(verify.images, images);
    return order.capsule;
  }
  void verified(msg::ImageName const& image, std::vector<Failure> set_aside = {}) {
    store(stored::Verified{verify.request, image, manifest_at(40), arena_bytes, std::move(set_aside)});
  }
  host::LoadImage loads(CapsuleId capsule, msg::ImageName const& image) {
    auto load = did<host::LoadImage>();
    EXPECT_EQ(load.capsule, capsule);
    EXPECT_EQ(load.image, image);
    EXPECT_EQ(load.arena_bytes, arena_bytes);
    return load;
  }
  msg::JobEnded ended(Ending ending, Epoch epoch) {
    auto message = told_allocator<msg::JobEnded>();
    EXPECT_EQ(message.job, job);
    EXPECT_EQ(message.epoch, epoch);
    EXPECT_EQ(message.outcome.ending, ending);
    return message;
  }
  host::VerifyImages verify;
  msg::ImageName const newest = image_of(e3, 9), older = image_of(e1, 8);
};

TEST_F(HostStart, Afresh) {
  running();
}

TEST_F(HostStart, WithFreshFilesAlsoWhenAnOlderImageIsTried) {
  msg::StartJob start{job, e4, spec_of(), {newest, older}};
  start.fresh_files = true;
  from_allocator(start);
  auto const first = did<host::PrepareCapsule>().order;
  EXPECT_TRUE(first.fresh_files);
  verify = did<host::VerifyImages>();
  capsule(capsule::Prepared{first.capsule});
  verified(newest);
  store(stored::Loaded{loads(first.capsule, newest).request, data_lost("digest", "a page is torn")});
  gone(first.capsule);
  EXPECT_TRUE(did<host::PrepareCapsule>().order.fresh_files);
  did<host::VerifyImages>();
  start.fresh_files = false;
  start.job = JobId{9};
  from_allocator(start);
  EXPECT_FALSE(did<host::PrepareCapsule>().order.fresh_files);
  did<host::VerifyImages>();
}

TEST_F(HostStart, FromAnImagePreparedFirst) {
  auto const capsule_id = granted({newest, older});
  capsule(capsule::Prepared{capsule_id});
  verified(newest);
  auto const load = loads(capsule_id, newest);
  store(stored::Loaded{load.request, Done{}});
  auto const restore = did<host::RestoreCapsule>();
  EXPECT_EQ(restore.epoch, e4);
  EXPECT_EQ(restore.manifest, manifest_at(40));
  capsule(capsule::Running{capsule_id, 40, true});
  auto const started = told_allocator<msg::JobStarted>();
  EXPECT_EQ(started.from, newest);
  EXPECT_EQ(started.steps, 40U);
  EXPECT_TRUE(started.suspended);
}

TEST_F(HostStart, FromAnImageVerifiedFirstSayingWhatWasSetAside) {
  auto const capsule_id = granted({newest, older});
  verified(older, {data_lost("digest", "3-9.h5 is torn")});
  capsule(capsule::Prepared{capsule_id});
  store(stored::Loaded{loads(capsule_id, older).request, Done{}});
  did<host::RestoreCapsule>();
  capsule(capsule::Running{capsule_id, 31, false});
  auto const started = told_allocator<msg::JobStarted>();
  EXPECT_EQ(started.from, older);
  ASSERT_EQ(started.set_aside.size(), 1U);
  EXPECT_EQ(started.set_aside[0].context, "3-9.h5 is torn");

  // Generations count on from the newest ever named, the parent is the one that was adopted.
  from_allocator(msg::CheckpointJob{RequestId{50}, job, e4});
  auto const write = image_is_taken(capsule_id);
  EXPECT_EQ(write.label.generation, Generation{10});
  EXPECT_EQ(write.label.parent, older);
  EXPECT_EQ(write.label.epoch, e4);
}

TEST_F(HostStart, NoImageVerifies) {
  auto const capsule_id = granted({newest, older});
  store(stored::Verified{verify.request,
                         data_lost("no_image", "none"),
                         {},
                         0,
                         {data_lost("digest", "3-9.h5 is torn"), data_lost("digest", "1-8.h5 is cut off")}});
  auto const end = ended(Ending::failed, e4);
  EXPECT_NE(end.outcome.reason.find("no image of job 7 verifies"), std::string::npos);
  EXPECT_NE(end.outcome.reason.find("3-9.h5 is torn"), std::string::npos);
  EXPECT_NE(end.outcome.reason.find("1-8.h5 is cut off"), std::string::npos);
  gone(capsule_id);
  capsule(capsule::Prepared{capsule_id});  // it was under way: nothing follows
}

// The older one would lose work, and errors of reading may pass.
TEST_F(HostStart, AnImageThatCantBeReadIsTriedAgain) {
  auto const capsule_id = granted({newest, older});
  capsule(capsule::Prepared{capsule_id});
  for (auto const pause : {250ms, 500ms, 1000ms}) {
    verified(older, {retry_later("io", "3-9.h5: input/output error")});
    pass(pause - 1ms);
    nothing_else();
    pass(1ms);
    verify = did<host::VerifyImages>();
    EXPECT_EQ(verify.images, (std::vector{newest, older}));
  }
  verified(newest);
  store(stored::Loaded{loads(capsule_id, newest).request, Done{}});
  did<host::RestoreCapsule>();
  capsule(capsule::Running{capsule_id, 40, false});
  EXPECT_TRUE(told_allocator<msg::JobStarted>().set_aside.empty());
}

TEST_F(HostStart, AnImageThatCantBeLoadedIsTriedAgainInANewCapsule) {
  auto const first = granted({newest, older});
  capsule(capsule::Prepared{first});
  verified(newest);
  store(stored::Loaded{loads(first, newest).request, retry_later("no_memory", "not enough memory to read it")});
  gone(first);
  auto const second = did<host::PrepareCapsule>().order.capsule;
  nothing_else();
  pass(250ms);
  verify = did<host::VerifyImages>();
  EXPECT_EQ(verify.images, (std::vector{newest, older}));
  capsule(capsule::Prepared{second});
  verified(newest);
  loads(second, newest);
}

TEST_F(HostStart, WhatStaysUnreadableIsSetAside) {
  auto const capsule_id = granted({newest, older});
  capsule(capsule::Prepared{capsule_id});
  now = now + 21s;
  verified(older, {retry_later("io", "3-9.h5: input/output error")});
  loads(capsule_id, older);
}

// Another host may be able to read it: that is for the allocator to say.
TEST_F(HostStart, NothingThatCanBeReadIsNotTheJobsEnd) {
  auto const capsule_id = granted({newest});
  now = now + 21s;
  store(stored::Verified{
      verify.request, data_lost("no_image", "none"), {}, 0, {retry_later("io", "3-9.h5: input/output error")}});
  auto const end = ended(Ending::crashed, e4);
  EXPECT_NE(end.outcome.reason.find("input/output error"), std::string::npos);
  gone(capsule_id);
}

TEST_F(HostStart, AnImageThatDoesNotLoadIsSetAsideForTheOneBefore) {
  auto const first = granted({newest, older});
  capsule(capsule::Prepared{first});
  verified(newest);
  store(stored::Loaded{loads(first, newest).request, data_lost("digest", "3-9.h5 has a flipped bit")});
  gone(first);  // its arena isn't zero-filled any more
  auto const second = did<host::PrepareCapsule>().order.capsule;
  verify = did<host::VerifyImages>();
  EXPECT_EQ(verify.images, std::vector{older});
  capsule(capsule::Prepared{second});
  verified(older);
  store(stored::Loaded{loads(second, older).request, Done{}});
  did<host::RestoreCapsule>();
  capsule(capsule::Running{second, 31, false});
  auto const started = told_allocator<msg::JobStarted>();
  EXPECT_EQ(started.from, older);
  ASSERT_EQ(started.set_aside.size(), 1U);
}

TEST_F(HostStart, AnImageWhoseOutputIsTooShortIsSetAsideForTheOneBefore) {
  auto const first = granted({newest, older});
  capsule(capsule::Prepared{first});
  verified(newest);
  store(stored::Loaded{loads(first, newest).request, Done{}});
  did<host::RestoreCapsule>();
  capsule(capsule::Failed{first, data_lost("output_short", "plate.csv has 3 bytes, and 9 were written")});
  gone(first);
  auto const second = did<host::PrepareCapsule>().order.capsule;
  verify = did<host::VerifyImages>();
  EXPECT_EQ(verify.images, std::vector{older});
  capsule(capsule::Prepared{second});
  verified(older);
  store(stored::Loaded{loads(second, older).request, Done{}});
  did<host::RestoreCapsule>();
  capsule(capsule::Failed{second, data_lost("output_short", "plate.csv has 3 bytes, and 5 were written")});
  auto const end = ended(Ending::failed, e4);
  EXPECT_NE(end.outcome.reason.find("and 9 were written"), std::string::npos);
  EXPECT_NE(end.outcome.reason.find("and 5 were written"), std::string::npos);
  gone(second);
}

TEST_F(HostStart, TheLastImageDoesNotLoad) {
  auto const capsule_id = granted({newest});
  capsule(capsule::Prepared{capsule_id});
  verified(newest);
  store(stored::Loaded{loads(capsule_id, newest).request, data_lost("digest", "3-9.h5 has a flipped bit")});
  EXPECT_NE(ended(Ending::failed, e4).outcome.reason.find("flipped bit"), std::string::npos);
  gone(capsule_id);
}

TEST_F(HostStart, ACapsuleThatCannotBePreparedFailsTheJob) {
  from_allocator(msg::StartJob{job, e1, spec_of(), {}});
  auto const capsule_id = did<host::PrepareCapsule>().order.capsule;
  capsule(capsule::Failed{capsule_id, reject("no_plugin", "count.so does not load")});
  EXPECT_EQ(ended(Ending::failed, e1).outcome.reason, "count.so does not load");
  forgotten(capsule_id);
}

TEST_F(HostStart, DiesWhileAnImageIsLoadedIntoItsArena) {
  auto const capsule_id = granted({newest});
  capsule(capsule::Prepared{capsule_id});
  verified(newest);
  auto const load = loads(capsule_id, newest);
  capsule(capsule::Died{capsule_id, {Ending::crashed, "killed by signal 9", {}, 0}});
  ended(Ending::crashed, e4);  // but its arena stays
  nothing_else();
  store(stored::Loaded{load.request, Done{}});
  forgotten(capsule_id);
}

TEST_F(HostStart, FinishesFailsCrashes) {
  auto const first = running(e1);
  capsule(capsule::Ended{first, {Ending::finished, {}, {}, 90}});
  EXPECT_EQ(ended(Ending::finished, e1).outcome.steps, 90U);
  forgotten(first);
  auto const second = running(e2);
  capsule(capsule::Ended{second, {Ending::failed, "it said so", {}, 3}});
  EXPECT_EQ(ended(Ending::failed, e2).outcome.reason, "it said so");
  forgotten(second);
  auto const third_one = running(e3);
  capsule(capsule::Died{third_one, {Ending::crashed, "killed by signal 11 (SIGSEGV)", "log", 3}});
  EXPECT_EQ(ended(Ending::crashed, e3).outcome.log_tail, "log");
  forgotten(third_one);
}

TEST_F(HostStart, ARepeatedOrOlderOrderIsAnsweredNotObeyed) {
  running(e4);
  from_allocator(msg::StartJob{job, e4, spec_of(), {}});
  EXPECT_EQ(told_allocator<msg::JobStarted>().epoch, e4);
  from_allocator(msg::StartJob{job, e2, spec_of(), {}});
  EXPECT_EQ(told_allocator<msg::JobStarted>().epoch, e4);
}

TEST_F(HostStart, ALaterEpochTakesThePlaceOfWhatRunsHere) {
  auto const old = running(e1);
  from_allocator(msg::StartJob{job, e4, spec_of(), {}});
  gone(old);
  EXPECT_EQ(did<host::PrepareCapsule>().order.job, job);
}

TEST_F(HostStart, TwoJobsSideBySide) {
  auto const first = running(e1);
  from_allocator(msg::StartJob{JobId{8}, e1, spec_of(), {}});
  auto const second = did<host::PrepareCapsule>().order.capsule;
  EXPECT_NE(first, second);
  capsule(capsule::Died{second, {Ending::crashed, "killed by signal 9", {}, 0}});
  EXPECT_EQ(told_allocator<msg::JobEnded>().job, JobId{8});
  forgotten(second);
  capsule(capsule::Ended{first, {Ending::finished, {}, {}, 1}});
  ended(Ending::finished, e1);
  forgotten(first);
}

TEST_F(HostStart, OutputsAreClaimedBeforeTheyAreOpened) {
  from_allocator(msg::StartJob{job, e4, spec_of(), {}});
  auto const capsule_id = did<host::PrepareCapsule>().order.capsule;
  capsule(capsule::Prepared{capsule_id, {"/w/out.csv", "/w/log"}});
  auto const claim = told_allocator<msg::ClaimOutputs>();
  EXPECT_EQ(claim.job, job);
  EXPECT_EQ(claim.epoch, e4);
  EXPECT_EQ(claim.paths, (std::vector<std::string>{"/w/out.csv", "/w/log"}));
  nothing_else();  // not started yet
  from_allocator(msg::OutputsClaimed{job, e3, std::nullopt});  // of an epoch that has passed
  nothing_else();
  from_allocator(msg::OutputsClaimed{job, e4, std::nullopt});
  EXPECT_EQ(did<host::StartCapsule>().epoch, e4);
}

TEST_F(HostStart, AnOutputThatIsTakenFailsTheJobUnopened) {
  from_allocator(msg::StartJob{job, e4, spec_of(), {}});
  auto const capsule_id = did<host::PrepareCapsule>().order.capsule;
  capsule(capsule::Prepared{capsule_id, {"/w/out.csv"}});
  told_allocator<msg::ClaimOutputs>();
  from_allocator(msg::OutputsClaimed{job, e4, reject("output_taken", "output /w/out.csv belongs to job 5")});
  EXPECT_EQ(did<host::KillCapsule>().capsule, capsule_id);
  EXPECT_EQ(ended(Ending::failed, e4).outcome.reason, "output /w/out.csv belongs to job 5");
  EXPECT_EQ(did<host::ForgetCapsule>().capsule, capsule_id);
}

TEST_F(HostStart, FromAnImageOutputsAreClaimedWhileItIsVerified) {
  auto const capsule_id = granted({newest});
  capsule(capsule::Prepared{capsule_id, {"/w/out.csv"}});
  told_allocator<msg::ClaimOutputs>();
  verified(newest);
  nothing_else();  // the file would be cut back
  from_allocator(msg::OutputsClaimed{job, e4, std::nullopt});
  loads(capsule_id, newest);
}

TEST_F(HostStart, ACloneIsPreparedAsOneAlsoForTheNextImage) {
  msg::ImageName const origin{e1, Generation{3}, checkpoint_path(JobId{5}, e1, Generation{3})};
  from_allocator(msg::StartJob{job, e4, spec_of(), {newest, origin}, JobId{5}});
  auto const first = did<host::PrepareCapsule>().order;
  EXPECT_EQ(first.clone_of, JobId{5});
  verify = did<host::VerifyImages>();
  verified(newest);
  capsule(capsule::Prepared{first.capsule});
  auto const load = loads(first.capsule, newest);
  store(stored::Loaded{load.request, data_lost("digest", "torn")});
  did<host::KillCapsule>();
  did<host::ForgetCapsule>();
  auto const second = did<host::PrepareCapsule>().order;
  EXPECT_EQ(second.clone_of, JobId{5});
  verify = did<host::VerifyImages>();
  EXPECT_EQ(verify.images, std::vector{origin});
  verified(origin);
  capsule(capsule::Prepared{second.capsule});
  store(stored::Loaded{loads(second.capsule, origin).request, Done{}});
  did<host::RestoreCapsule>();
  capsule(capsule::Running{second.capsule, 40, false});
  EXPECT_EQ(told_allocator<msg::JobStarted>().from, origin);
}

}  // namespace
}  // namespace godwit::test
