// The start of a job from a copy in memory, this host's or another's; and from its newest image where that can't be had.
#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

struct HostAdopting : testing::Test, Scenes {
  CapsuleId kept() {  // of other's job, at e1
    from_allocator(msg::PartnerIs{other});
    from(other, msg::CopyRound{job, e1, false, 1, 0, StreamId{3}, arena_bytes, 0, {{0, arena_bytes}}});
    auto const arena = did<host::KeepArena>().capsule;
    did<host::ReceivePages>();
    event(PagesReceived{other, StreamId{3}, Digest{5}});
    from(other, msg::CopySeal{job, e1, false, StreamId{3}, label(), commit_digest(manifest_at(40), e1, Digest{5})});
    sent<msg::CopyKept>(other);
    told_allocator<msg::CopyHere>();
    nothing_else();
    return arena;
  }
  static msg::CopyLabel label() { return {manifest_at(40), Generation{3}, {}, {}}; }
  static msg::StartJob start(Rank keeper, std::vector<msg::ImageName> images = {}) {
    msg::StartJob message{job, e2, spec_of(), std::move(images)};
    message.copy = msg::CopyAt{keeper, e1};
    return message;
  }
  void begins(CapsuleId capsule_id, Rank keeper) {
    restores(capsule_id);
    capsule(capsule::Running{capsule_id, 40, false});
    auto const started = told_allocator<msg::JobStarted>();
    EXPECT_EQ(started.copy_of, keeper);
    EXPECT_EQ(started.steps, 40U);
  }
  // From a third host's memory: prepared, and asked for.
  CapsuleId asks(std::vector<msg::ImageName> images = {}) {
    from_allocator(start(third, std::move(images)));
    auto const order = did<host::PrepareCapsule>().order;
    EXPECT_FALSE(order.start_at) << "not from its beginning";
    nothing_else();
    capsule(capsule::Prepared{order.capsule});
    EXPECT_EQ(sent<msg::WantCopy>(third).of, e1);
    nothing_else();
    return order.capsule;
  }
  void pages_are_told_of(CapsuleId capsule_id) {
    from(third, msg::CopyRound{job, e2, true, 1, 0, StreamId{9}, arena_bytes, 0, {{0, arena_bytes}}});
    EXPECT_EQ(did<host::ReceivePages>().capsule, capsule_id);
    nothing_else();
  }
  void copy_comes(Digest sealed = Digest{5}) {
    event(PagesReceived{third, StreamId{9}, Digest{5}});
    from(third, msg::CopySeal{job, e2, true, StreamId{9}, label(), commit_digest(manifest_at(40), e2, sealed)});
  }
  void begins_afresh() {
    auto const order = did<host::PrepareCapsule>().order;
    EXPECT_EQ(order.start_at, e2);
    EXPECT_TRUE(noted("can't be used"));
  }
};

TEST_F(HostAdopting, FromItsOwnMemoryItsArenaBecomesTheJobs) {
  auto const arena = kept();
  event(PeerDied{other});
  from_allocator(start(here));
  auto const order = did<host::PrepareCapsule>().order;
  EXPECT_EQ(order.capsule, arena);
  EXPECT_EQ(order.arena_bytes, arena_bytes);
  EXPECT_FALSE(order.start_at);
  nothing_else();
  capsule(capsule::Prepared{arena});
  begins(arena, here);
  asks_for_image(50, e2);
  EXPECT_EQ(image_is_taken(arena).label.generation, Generation{4}) << "counted on from the copy's";
}

TEST_F(HostAdopting, AChangeThatIsBeingPutIntoItIsWaitedFor) {
  auto const arena = kept();
  from(other, msg::CopyRound{job, e1, false, 2, 1, StreamId{4}, arena_bytes, 0, {{0, 4096}}});
  did<host::ReceiveRound>();
  event(PagesReceived{other, StreamId{4}, Digest{6}});
  from(other, msg::CopySeal{job, e1, false, StreamId{4}, label(), commit_digest(manifest_at(40), e1, Digest{6})});
  auto const scatter = did<host::ScatterRound>();
  event(PeerDied{other});
  from_allocator(start(here));
  EXPECT_EQ(did<host::PrepareCapsule>().order.capsule, arena);
  capsule(capsule::Prepared{arena});
  nothing_else();
  event(rounds::Scattered{scatter.round});
  did<host::ReleaseRound>();
  begins(arena, here);
}

TEST_F(HostAdopting, AnImageThatIsNewerGoesFirst) {
  kept();
  from_allocator(start(here, {image_of(e1, 4)}));
  EXPECT_NE(did<host::PrepareCapsule>().order.capsule, CapsuleId{0});
  EXPECT_EQ(did<host::VerifyImages>().images.front(), image_of(e1, 4));
}

TEST_F(HostAdopting, FromAnothersMemory) {
  auto const capsule_id = asks();
  pages_are_told_of(capsule_id);
  copy_comes();
  begins(capsule_id, third);
  EXPECT_EQ(timers(), 0U);
}

TEST_F(HostAdopting, WhatIsOlderThanTheNewestImageIsNotTaken) {
  auto const capsule_id = asks({image_of(e1, 4)});
  pages_are_told_of(capsule_id);
  copy_comes();
  gone(capsule_id);
  did<host::PrepareCapsule>();
  EXPECT_EQ(did<host::VerifyImages>().images.front(), image_of(e1, 4));
}

TEST_F(HostAdopting, WhatIsNotWhatWasSentIsNotTaken) {
  auto const capsule_id = asks();
  pages_are_told_of(capsule_id);
  copy_comes(Digest{6});
  gone(capsule_id);
  begins_afresh();
}

TEST_F(HostAdopting, ARefusalMakesItBeginWithout) {
  auto const capsule_id = asks();
  from(third, msg::CopyRefused{job, e2, reject("no_copy", "not any more")});
  gone(capsule_id);
  begins_afresh();
}

TEST_F(HostAdopting, AKeeperThatDiesMakesItBeginWithout) {
  auto const capsule_id = asks();
  event(PeerDied{third});
  gone(capsule_id);
  begins_afresh();
}

TEST_F(HostAdopting, AKeeperThatIsSilentMakesItBeginWithout) {
  auto const capsule_id = asks();
  pass(5s);
  killed(capsule_id);
  begins_afresh();
}

TEST_F(HostAdopting, PagesThatNeverComeMakeItBeginWithoutAndTheirMemoryStays) {
  auto const capsule_id = asks();
  pages_are_told_of(capsule_id);
  pass(10s);
  killed(capsule_id);  // but not forgotten: MPI may write there
  begins_afresh();
}

TEST_F(HostAdopting, ACopyThatCannotBeRestoredMakesItBeginWithout) {
  auto const capsule_id = asks();
  pages_are_told_of(capsule_id);
  copy_comes();
  restores(capsule_id);
  capsule(capsule::Failed{capsule_id, data_lost("manifest", "unreadable")});
  gone(capsule_id);
  begins_afresh();
}

}  // namespace
}  // namespace godwit::test
