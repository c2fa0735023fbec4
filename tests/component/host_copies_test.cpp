// A job's copies for its host's partner: offered before the job stands still for them, whole at first and changes later,
// counted on only once the partner has them, and given up when the job ends but not when it crashes.
#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

JobSpec with_partner() {
  auto spec = spec_of();
  spec.checkpoint_partner = true;
  return spec;
}

struct HostCopies : testing::Test, Scenes {
  CapsuleId copied(Rank partner = other) {
    from_allocator(msg::PartnerIs{partner});
    return running(e1, with_partner());
  }
  void offers(Rank partner = other) {
    pass(10s);
    auto const offer = sent<msg::OfferCopy>(partner);
    EXPECT_EQ(offer.job, job);
    EXPECT_EQ(offer.epoch, e1);
    nothing_else();
  }
  // Offered, awaited, frozen.
  host::GatherRound gathers(CapsuleId running, Rank partner = other) {
    offers(partner);
    from(partner, msg::CopyAwaited{job, e1, {}});
    EXPECT_EQ(did<host::FreezeCapsule>().capsule, running);
    nothing_else();
    freezes(running);
    auto const gather = did<host::GatherRound>();
    EXPECT_EQ(gather.capsule, running);
    EXPECT_EQ(gather.arena_bytes, arena_bytes);
    nothing_else();
    return gather;
  }
  msg::CopyRound leaves(CapsuleId running, host::GatherRound const& gather, std::vector<msg::PageRange> ranges, Rank partner = other) {
    event(rounds::Gathered{gather.round, ranges});
    auto const round = sent<msg::CopyRound>(partner);
    EXPECT_FALSE(round.adopting);
    EXPECT_EQ(round.ranges.size(), ranges.size());
    auto const send = did<host::SendRound>();
    EXPECT_EQ(send.round, gather.round);
    EXPECT_EQ(send.to, partner);
    EXPECT_EQ(send.stream, round.stream);
    thaws(running, e1);
    nothing_else();
    runs_again(running);
    return round;
  }
  void is_sealed(host::GatherRound const& gather, msg::CopyRound const& round, Rank partner = other) {
    event(PagesSent{partner, round.stream, Digest{5}});
    auto const seal = sent<msg::CopySeal>(partner);
    EXPECT_EQ(seal.stream, round.stream);
    EXPECT_EQ(seal.label.manifest, manifest_at(40));
    EXPECT_EQ(seal.digest, commit_digest(manifest_at(40), e1, Digest{5}));
    EXPECT_EQ(did<host::ReleaseRound>().round, gather.round);
    nothing_else();
  }
  msg::CopyRound goes_whole(CapsuleId running, Rank partner = other) {
    auto const gather = gathers(running, partner);
    EXPECT_TRUE(gather.whole);
    auto const round = leaves(running, gather, {{0, arena_bytes}}, partner);
    EXPECT_EQ(round.base, 0U);
    is_sealed(gather, round, partner);
    return round;
  }
};

TEST_F(HostCopies, TheFirstIsWholeLaterOnesAreWhatHasChanged) {
  auto const capsule_id = copied();
  auto const first = goes_whole(capsule_id);
  from(other, msg::CopyKept{job, e1, first.number, {}});
  auto const gather = gathers(capsule_id);
  EXPECT_FALSE(gather.whole);
  auto const second = leaves(capsule_id, gather, {{4096, 4096}});
  EXPECT_EQ(second.base, first.number);
  EXPECT_GT(second.number, first.number);
  is_sealed(gather, second);
}

TEST_F(HostCopies, NoPartnerNoCopy) {
  running(e1, with_partner());
  pass(60s);
  nothing_else();
}

TEST_F(HostCopies, NotOfJobsThatDoNotWishIt) {
  from_allocator(msg::PartnerIs{other});
  running();
  pass(60s);
  nothing_else();
}

TEST_F(HostCopies, AnotherIsOfferedOnlyOnceThePartnerHasTheLast) {
  auto const capsule_id = copied();
  auto const first = goes_whole(capsule_id);
  pass(30s);
  nothing_else();
  from(other, msg::CopyKept{job, e1, first.number, {}});
  offers();
  pass(30s);
  nothing_else();  // it hasn't answered
}

TEST_F(HostCopies, WhatThePartnerDoesNotHaveIsNotBuiltUpon) {
  auto const capsule_id = copied();
  auto const first = goes_whole(capsule_id);
  from(other, msg::CopyKept{job, e1, first.number, data_lost("digest", "its digest differs")});
  EXPECT_TRUE(noted("its digest differs"));
  goes_whole(capsule_id);
}

TEST_F(HostCopies, ARefusalIsToldOnce) {
  copied();
  for (int i = 0; i < 2; ++i) {
    offers();
    from(other, msg::CopyAwaited{job, e1, retry_later("partner_memory", "no room there")});
    if (i == 0) {
      EXPECT_EQ(told_allocator<msg::Trouble>().what.context, "no room there");
    }
    nothing_else();
  }
}

TEST_F(HostCopies, WithoutRoomHereTheJobRunsOnAndTheUserIsTold) {
  auto const capsule_id = copied();
  auto const gather = gathers(capsule_id);
  event(rounds::Gathered{gather.round, {}, true});
  EXPECT_NE(told_allocator<msg::Trouble>().what.context.find("--partner-memory"), std::string::npos);
  thaws(capsule_id, e1);
}

TEST_F(HostCopies, APartnerThatDiesIsFollowedByTheNextWithAWholeOne) {
  auto const capsule_id = copied();
  auto const first = goes_whole(capsule_id);
  from(other, msg::CopyKept{job, e1, first.number, {}});
  auto const gather = gathers(capsule_id);
  auto const round = leaves(capsule_id, gather, {{0, 4096}});
  event(PeerDied{other});
  EXPECT_EQ(did<host::AbandonRound>().round, gather.round) << "MPI refers to it still";
  nothing_else();
  from_allocator(msg::PartnerIs{third});
  goes_whole(capsule_id, third);
}

TEST_F(HostCopies, AnotherPartnerWhileTheFormerLives) {
  auto const capsule_id = copied();
  auto const first = goes_whole(capsule_id);
  from(other, msg::CopyKept{job, e1, first.number, {}});
  from_allocator(msg::PartnerIs{third});
  auto const drop = sent<msg::DropCopy>(other);
  EXPECT_TRUE(drop.by_source);
  EXPECT_EQ(drop.epoch, e1);
  goes_whole(capsule_id, third);
}

TEST_F(HostCopies, AJobThatEndsNeedsNoneAnyMore) {
  auto const capsule_id = copied();
  auto const first = goes_whole(capsule_id);
  from(other, msg::CopyKept{job, e1, first.number, {}});
  capsule(capsule::Ended{capsule_id, {Ending::finished, "", "", 100}, {}});
  told_allocator<msg::JobEnded>();
  EXPECT_EQ(sent<msg::DropCopy>(other).job, job);
  forgotten(capsule_id);
  EXPECT_EQ(timers(), 0U);
}

TEST_F(HostCopies, OneThatCrashesGoesOnFromItsCopy) {
  auto const capsule_id = copied();
  auto const first = goes_whole(capsule_id);
  from(other, msg::CopyKept{job, e1, first.number, {}});
  capsule(capsule::Died{capsule_id, {Ending::crashed, "", "killed by signal 9", 41}});
  told_allocator<msg::JobEnded>();
  EXPECT_FALSE(sends_to(other)) << "the copy stays";
  forgotten(capsule_id);
  EXPECT_EQ(timers(), 0U);
}

}  // namespace
}  // namespace godwit::test
