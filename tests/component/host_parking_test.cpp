// A job that is to make room: its image is durable before it is let go, and whatever keeps that from being so
// leaves the job running here, with whoever asked told why.
#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

struct HostParking : testing::Test, Scenes {
  void parks(std::uint64_t request = 31, Epoch epoch = e1) {
    from_allocator(msg::ParkJob{RequestId{request}, job, epoch});
  }
  void room_is_reserved() { store(stored::Reserved{did<host::ReserveStaging>().request}); }
  std::optional<Failure> done(std::uint64_t request = 31) {
    auto const word = told_allocator<msg::OrderDone>();
    EXPECT_EQ(word.request, RequestId{request});
    return word.failure;
  }
};

TEST_F(HostParking, TheImageIsDurableBeforeTheJobIsLetGo) {
  auto const capsule_id = running();
  parks();
  auto const write = image_is_taken(capsule_id);
  staged(write);
  nothing_else();  // neither thawed nor let go
  written(write);
  reports(e1, 1, {});
  gone(capsule_id);
  EXPECT_EQ(done(), std::nullopt);
  nothing_else();
  EXPECT_EQ(timers(), 0U);
}

TEST_F(HostParking, AnImageOfAnEarlierStateDoesNotCount) {
  auto const capsule_id = running();
  asks_for_image(50);
  auto const first = image_is_taken(capsule_id);
  staged(first);
  thaws(capsule_id, e1);
  runs_again(capsule_id);
  parks();
  nothing_else();  // one is being written
  written(first);
  reports(e1, 1, RequestId{50});
  room_is_reserved();
  auto const second = image_is_taken(capsule_id, 44);
  staged(second);
  written(second);
  reports(e1, 2, {});
  gone(capsule_id);
  EXPECT_EQ(done(), std::nullopt);
}

TEST_F(HostParking, AnImageOfTheStateThatIsFrozenCounts) {
  auto const capsule_id = running();
  asks_for_image(50);
  auto const write = image_is_taken(capsule_id);
  parks();
  staged(write);
  written(write);
  reports(e1, 1, RequestId{50});
  gone(capsule_id);
  EXPECT_EQ(done(), std::nullopt);
}

TEST_F(HostParking, WhatCannotBeSavedRunsOn) {
  auto const capsule_id = running();
  parks();
  auto const write = image_is_taken(capsule_id);
  staged(write);
  not_written(write);
  EXPECT_EQ(done()->code, "no_space");
  thaws(capsule_id, e1);
  runs_again(capsule_id);
  parks(32);  // and may be asked again
  room_is_reserved();
  auto const second = image_is_taken(capsule_id);
  EXPECT_EQ(second.label.generation, Generation{2});
  staged(second);
  written(second);
  reports(e1, 2, {});
  gone(capsule_id);
  EXPECT_EQ(done(32), std::nullopt);
}

TEST_F(HostParking, NoSafePointInTime) {
  auto const capsule_id = running();
  parks();
  EXPECT_EQ(did<host::FreezeCapsule>().capsule, capsule_id);
  pass(30s);
  EXPECT_EQ(done()->code, "no_safe_point");
  thaws(capsule_id, e1);
}

TEST_F(HostParking, AJobThatEndsFirstHasEnded) {
  auto const capsule_id = running();
  parks();
  EXPECT_EQ(did<host::FreezeCapsule>().capsule, capsule_id);
  capsule(capsule::Ended{capsule_id, Outcome{Ending::finished, {}, {}, 41}});
  EXPECT_EQ(told_allocator<msg::JobEnded>().outcome.ending, Ending::finished);
  EXPECT_EQ(done()->code, "not_here");
  forgotten(capsule_id);
}

TEST_F(HostParking, ACancelIsObeyedMeanwhile) {
  auto const capsule_id = running();
  parks();
  auto const write = image_is_taken(capsule_id);
  from_allocator(msg::CancelJob{RequestId{32}, job, e1});
  EXPECT_EQ(told_allocator<msg::JobEnded>().outcome.ending, Ending::cancelled);
  killed(capsule_id);
  EXPECT_EQ(done()->code, "not_here");
  EXPECT_EQ(done(32), std::nullopt);
  staged(write);
  forgotten(capsule_id);
  written(write);
  reports(e1, 1, {});
}

TEST_F(HostParking, TheWrongEpochBounces) {
  running(e4);
  parks(31, e1);
  EXPECT_EQ(done()->code, "not_here");
}

TEST_F(HostParking, TheEndOfTheWorldComesFirst) {
  auto const capsule_id = running();
  parks();
  auto const write = image_is_taken(capsule_id);
  from_allocator(msg::Quiesce{});
  staged(write);
  written(write);
  reports(e1, 1, {});
  gone(capsule_id);
  EXPECT_EQ(done()->code, "not_here");
  EXPECT_TRUE(told_allocator<msg::Quiesced>().unsaved.empty());
}

// The next allocator was never told that the job is to wait: it counts on what it hears is here.
TEST_F(HostParking, ANewAllocatorFindsTheJobRunning) {
  auto const capsule_id = running();
  parks();
  auto const write = image_is_taken(capsule_id);
  staged(write);
  term = Term{2};
  from(other, msg::Welcome{1s, 10s, {}});
  did<host::SetLease>();
  did<host::ReadLoad>();
  sent<msg::JobStarted>(other);
  auto const held = sent<msg::Holdings>(other).held;
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held.front().phase, msg::Held::Phase::live);
  thaws(capsule_id, e1);
}

}  // namespace
}  // namespace godwit::test
