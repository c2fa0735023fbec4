// Suspend, resume, cancel and call: each is answered once, with its request, or bounced as "not_here".
#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

struct HostOrder : testing::Test, Scenes {
  void done(std::uint64_t request) {
    auto const word = told_allocator<msg::OrderDone>();
    EXPECT_EQ(word.request, RequestId{request});
    EXPECT_EQ(word.failure, std::nullopt);
  }
  void bounced(std::uint64_t request) {
    auto const word = told_allocator<msg::OrderDone>();
    EXPECT_EQ(word.request, RequestId{request});
    ASSERT_TRUE(word.failure.has_value());
    EXPECT_EQ(word.failure->code, "not_here");
  }
};

TEST_F(HostOrder, SuspendAndResume) {
  auto const capsule_id = running();
  from_allocator(msg::SuspendJob{RequestId{31}, job, e1});
  EXPECT_EQ(did<host::SuspendCapsule>().capsule, capsule_id);
  nothing_else();
  capsule(capsule::Suspended{capsule_id});
  done(31);
  from_allocator(msg::ResumeJob{RequestId{32}, job, e1});
  EXPECT_EQ(did<host::ResumeCapsule>().capsule, capsule_id);
  capsule(capsule::Resumed{capsule_id});
  done(32);
}

TEST_F(HostOrder, WhatIsSoAlreadyIsDone) {
  running();
  from_allocator(msg::ResumeJob{RequestId{32}, job, e1});
  done(32);
}

TEST_F(HostOrder, CallsAreAnsweredByTheJob) {
  auto const capsule_id = running();
  from_allocator(msg::CallJob{RequestId{31}, job, e1, "set_dt", {"0.5"}});
  auto const call = did<host::CallCapsule>();
  EXPECT_EQ(call.method, "set_dt");
  capsule(capsule::Called{capsule_id, RequestId{31}, {}, "0.25"});
  EXPECT_EQ(told_allocator<msg::OrderDone>().answer, "0.25");

  from_allocator(msg::CallJob{RequestId{32}, job, e1, "nope", {}});
  did<host::CallCapsule>();
  capsule(capsule::Called{capsule_id, RequestId{32}, reject("no_such_method", "no method nope"), {}});
  EXPECT_EQ(told_allocator<msg::OrderDone>().failure->code, "no_such_method");
}

TEST_F(HostOrder, TheWrongEpochBounces) {
  running(e4);
  from_allocator(msg::SuspendJob{RequestId{31}, job, e1});
  bounced(31);
  from_allocator(msg::CallJob{RequestId{32}, job, e5, "peek", {}});
  bounced(32);
  from_allocator(msg::CheckpointJob{RequestId{33}, job, e1});
  bounced(33);
  from_allocator(msg::CancelJob{RequestId{34}, job, e1});
  bounced(34);
  from_allocator(msg::ResumeJob{RequestId{35}, JobId{99}, e1});
  bounced(35);
}

TEST_F(HostOrder, AJobThatEndsAnswersWhoWaits) {
  auto const capsule_id = running();
  from_allocator(msg::CallJob{RequestId{31}, job, e1, "peek", {}});
  did<host::CallCapsule>();
  from_allocator(msg::SuspendJob{RequestId{32}, job, e1});
  did<host::SuspendCapsule>();
  capsule(capsule::Ended{capsule_id, {Ending::finished, {}, {}, 5}});
  told_allocator<msg::JobEnded>();
  bounced(32);
  bounced(31);
  forgotten(capsule_id);
}

TEST_F(HostOrder, CancelKillsTheCapsule) {
  auto const capsule_id = running();
  CapsuleReport report;
  report.steps = 12;
  event(host::LoadRead{{}, {{capsule_id, report}}});
  from_allocator(msg::CancelJob{RequestId{31}, job, e1});
  gone(capsule_id);
  auto const ended = told_allocator<msg::JobEnded>();
  EXPECT_EQ(ended.outcome.ending, Ending::cancelled);
  EXPECT_EQ(ended.outcome.steps, 12U);
  done(31);
  capsule(capsule::Ended{capsule_id, {Ending::finished, {}, {}, 13}});  // was under way: it is gone
}

TEST_F(HostOrder, CancelWhileItStarts) {
  from_allocator(msg::StartJob{job, e1, spec_of(), {image_of(e1, 1)}});
  auto const capsule_id = did<host::PrepareCapsule>().order.capsule;
  auto const verify = did<host::VerifyImages>();
  from_allocator(msg::CancelJob{RequestId{31}, job, e1});
  gone(capsule_id);
  EXPECT_EQ(told_allocator<msg::JobEnded>().outcome.ending, Ending::cancelled);
  done(31);
  store(stored::Verified{verify.request, image_of(e1, 1), manifest_at(40), arena_bytes, {}});
}

TEST_F(HostOrder, AJobAsksToBeMoved) {
  auto const capsule_id = running();
  capsule(capsule::WantsMove{capsule_id, third});
  auto const wanted = told_allocator<msg::MoveWanted>();
  EXPECT_EQ(wanted.job, job);
  EXPECT_EQ(wanted.epoch, e1);
  EXPECT_EQ(wanted.target, third);
}

}  // namespace
}  // namespace godwit::test
