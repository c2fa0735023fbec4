// Copies of others' jobs: they change by whole rounds only, outlive the host they came from, and are lent to wherever the
// job is to go on.
#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

struct HostKeeping : testing::Test, Scenes {
  HostKeeping() = default;
  explicit HostKeeping(host::Settings settings) : Scenes(settings) {}

  msg::CopyRound round(std::uint64_t number, std::uint64_t base, std::vector<msg::PageRange> ranges, Epoch epoch = e1) {
    return {job, epoch, false, number, base, StreamId{number + 2}, arena_bytes, 0, std::move(ranges)};
  }
  msg::CopySeal seal(msg::CopyRound const& round, Digest pages = Digest{5}) {
    return {job, round.epoch, false, round.stream, {manifest_at(40), Generation{3}, {}, {}}, commit_digest(manifest_at(40), round.epoch, pages)};
  }
  CapsuleId whole_comes(msg::CopyRound const& round, Rank source = other) {
    from(source, round);
    auto const arena = did<host::KeepArena>().capsule;
    EXPECT_EQ(did<host::ReceivePages>().capsule, arena);
    nothing_else();
    return arena;
  }
  host::ReceiveRound change_comes(msg::CopyRound const& round) {
    from(other, round);
    auto const receive = did<host::ReceiveRound>();
    EXPECT_EQ(receive.stream, round.stream);
    nothing_else();
    return receive;
  }
  void ends(msg::CopyRound const& round, Rank source = other, Digest sealed = Digest{5}) {
    event(PagesReceived{source, round.stream, Digest{5}});
    nothing_else();
    from(source, seal(round, sealed));
  }
  void is_kept(std::uint64_t number, Rank source = other) {
    auto const word = sent<msg::CopyKept>(source);
    EXPECT_EQ(word.number, number);
    EXPECT_FALSE(word.failure) << word.failure->context;
  }
  std::string is_not_kept(std::uint64_t number) {
    auto const word = sent<msg::CopyKept>(other);
    EXPECT_EQ(word.number, number);
    return word.failure ? word.failure->code : "it is kept";
  }
  CapsuleId kept(Epoch epoch = e1) {
    from_allocator(msg::PartnerIs{other});
    auto const whole = round(1, 0, {{0, arena_bytes}}, epoch);
    auto const arena = whole_comes(whole);
    ends(whole);
    is_kept(1);
    EXPECT_EQ(told_allocator<msg::CopyHere>().epoch, epoch);
    nothing_else();
    return arena;
  }
};

TEST_F(HostKeeping, IsAwaitedWhereThereIsRoom) {
  from(other, msg::OfferCopy{job, e1, arena_bytes});
  EXPECT_FALSE(sent<msg::CopyAwaited>(other).refusal);
}

TEST_F(HostKeeping, AWholeCopyThenAChange) {
  auto const arena = kept();
  auto const second = round(2, 1, {{4096, 4096}});
  EXPECT_EQ(change_comes(second).bytes, 4096U);
  ends(second);
  auto const scatter = did<host::ScatterRound>();
  EXPECT_EQ(scatter.capsule, arena);
  nothing_else();
  event(rounds::Scattered{scatter.round});
  EXPECT_EQ(did<host::ReleaseRound>().round, scatter.round);
  is_kept(2);  // the allocator knows of it
}

TEST_F(HostKeeping, WhatIsNotWhatWasSealedLeavesTheCopyAsItWas) {
  kept();
  auto const second = round(2, 1, {{4096, 4096}});
  change_comes(second);
  ends(second, other, Digest{6});
  did<host::ReleaseRound>();
  EXPECT_EQ(is_not_kept(2), "digest");
  from(third, msg::WantCopy{job, e2, e1});
  EXPECT_EQ(sent<msg::CopyRound>(third).number, 1U);
  did<host::SendPages>();
}

TEST_F(HostKeeping, AWholeOneThatIsNotWhatWasSealedIsForgotten) {
  auto const whole = round(1, 0, {{0, arena_bytes}});
  auto const arena = whole_comes(whole);
  ends(whole, other, Digest{6});
  forgotten(arena);
  EXPECT_EQ(is_not_kept(1), "digest");
}

TEST_F(HostKeeping, AChangeOfWhatIsNotHereIsNotWanted) {
  kept();
  auto const third_one = round(3, 2, {{0, 4096}});
  change_comes(third_one);
  ends(third_one);
  did<host::ReleaseRound>();
  EXPECT_EQ(is_not_kept(3), "not_wanted");
}

TEST_F(HostKeeping, AChangeBeyondTheArenaIsNotWanted) {
  kept();
  auto const second = round(2, 1, {{arena_bytes - 4096, 8192}});
  change_comes(second);
  ends(second);
  did<host::ReleaseRound>();
  EXPECT_EQ(is_not_kept(2), "not_wanted");
}

TEST_F(HostKeeping, AnotherWholeOneTakesItsPlace) {
  auto const former = kept();
  auto const second = round(2, 0, {{0, arena_bytes}});
  whole_comes(second);
  ends(second);
  forgotten(former);
  is_kept(2);
}

TEST_F(HostKeeping, ItOutlivesItsSourceWhoseNextOneIsTorn) {
  auto const arena = kept();
  auto const second = round(2, 1, {{4096, 4096}});
  auto const receive = change_comes(second);
  event(PeerDied{other});
  EXPECT_EQ(did<host::AbandonRound>().round, receive.round) << "MPI may write there still";
  nothing_else();
  from(third, msg::WantCopy{job, e2, e1});
  EXPECT_EQ(sent<msg::CopyRound>(third).number, 1U);
  EXPECT_EQ(did<host::SendPages>().capsule, arena);
}

TEST_F(HostKeeping, IsLentWithASealOfItsOwn) {
  kept();
  from(third, msg::WantCopy{job, e2, e1});
  auto const lent = sent<msg::CopyRound>(third);
  EXPECT_TRUE(lent.adopting);
  EXPECT_EQ(lent.epoch, e2);
  EXPECT_EQ(did<host::SendPages>().stream, lent.stream);
  event(PagesSent{third, lent.stream, Digest{5}});
  auto const sealed = sent<msg::CopySeal>(third);
  EXPECT_EQ(sealed.digest, commit_digest(manifest_at(40), e2, Digest{5}));
}

// Found by seed 27106: its job crashed, and was to go on from the copy while a change was still on its way here.
TEST_F(HostKeeping, WhatIsBeingLentDoesNotChange) {
  kept();
  auto const second = round(2, 1, {{4096, 4096}});
  change_comes(second);
  from(other, msg::WantCopy{job, e2, e1});
  auto const lent = sent<msg::CopyRound>(other);
  did<host::SendPages>();
  ends(second);
  did<host::ReleaseRound>();
  EXPECT_EQ(is_not_kept(2), "not_wanted");
  event(PagesSent{other, lent.stream, Digest{6}});
  EXPECT_EQ(sent<msg::CopySeal>(other).digest, commit_digest(manifest_at(40), e2, Digest{6}));
}

TEST_F(HostKeeping, WhatIsDroppedWhileItIsLentIsForgottenAfterwards) {
  auto const arena = kept();
  from(third, msg::WantCopy{job, e2, e1});
  auto const lent = sent<msg::CopyRound>(third);
  did<host::SendPages>();
  from_allocator(msg::DropCopy{job, e1});
  nothing_else();
  event(PagesSent{third, lent.stream, Digest{5}});
  sent<msg::CopySeal>(third);
  forgotten(arena);
}

TEST_F(HostKeeping, IsLentOnlyOnceAChangeIsWhole) {
  kept();
  auto const second = round(2, 1, {{4096, 4096}});
  change_comes(second);
  ends(second);
  auto const scatter = did<host::ScatterRound>();
  from(third, msg::WantCopy{job, e2, e1});
  nothing_else();
  event(rounds::Scattered{scatter.round});
  did<host::ReleaseRound>();
  EXPECT_EQ(sent<msg::CopyRound>(third).number, 2U);
  did<host::SendPages>();
  is_kept(2);
}

TEST_F(HostKeeping, WhatIsNotHereIsRefused) {
  from(third, msg::WantCopy{job, e2, e1});
  EXPECT_EQ(sent<msg::CopyRefused>(third).why.code, "no_copy");
  kept(e2);
  from(third, msg::WantCopy{job, e4, e1});
  EXPECT_EQ(sent<msg::CopyRefused>(third).why.code, "no_copy");
}

TEST_F(HostKeeping, TheJobsHostDropsItAndTheAllocatorIsTold) {
  auto const arena = kept();
  from(other, msg::DropCopy{job, e1, true});
  EXPECT_TRUE(told_allocator<msg::CopyHere>().gone);
  forgotten(arena);
}

TEST_F(HostKeeping, AnOlderEpochDoesNotDropANewer) {
  kept(e2);
  from_allocator(msg::DropCopy{job, e1});
  nothing_else();
}

TEST_F(HostKeeping, WithoutMemoryTheSourceIsTold) {
  auto const whole = round(1, 0, {{0, arena_bytes}});
  from(other, whole);
  auto const arena = did<host::KeepArena>().capsule;
  did<host::ReceivePages>();
  capsule(capsule::Failed{arena, retry_later("no_memory", "none left")});
  EXPECT_EQ(is_not_kept(1), "no_memory");
}

struct LittleRoom : HostKeeping {
  static host::Settings settings() {
    auto settings = many_slots();
    settings.partner_memory = arena_bytes;
    return settings;
  }
  LittleRoom() : HostKeeping(settings()) {}
};

TEST_F(LittleRoom, IsForOneAndTheSecondIsToldWhy) {
  from(other, msg::OfferCopy{job, e1, arena_bytes + 1});
  auto const why = sent<msg::CopyAwaited>(other).refusal;
  ASSERT_TRUE(why);
  EXPECT_NE(why->context.find("--partner-memory"), std::string::npos);
  kept();
  from(other, msg::OfferCopy{job, e1, arena_bytes});
  EXPECT_FALSE(sent<msg::CopyAwaited>(other).refusal) << "it takes its own place";
  from(third, msg::OfferCopy{JobId{8}, e1, 1});
  EXPECT_TRUE(sent<msg::CopyAwaited>(third).refusal);
}

}  // namespace
}  // namespace godwit::test
