// Who leads, by promises: how long an allocator may act, when a host votes, how a candidate wins, and what the
// ledger says to its claim. Instants are small numbers of seconds; leases last 10.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/random.hpp"
#include "custody/authority.hpp"
#include "custody/ballot.hpp"
#include "custody/candidacy.hpp"

namespace godwit::custody {
namespace {

constexpr Duration lease = 10s;
constexpr Rank r0{0}, r1{1}, r2{2}, r3{3}, r4{4};
Instant at(std::int64_t seconds) {
  return Instant{} + std::chrono::seconds(seconds);
}

// ---- authority

TEST(Ranking, IsTheSortedOnesNth) {
  Random random(1);
  for (std::size_t const nth : {0, 1, 2, 5, 9}) {
    Ranking ranking;
    ranking.choose(nth);
    std::map<Rank, Instant> ends;
    for (int i = 0; i < 300; ++i) {
      Rank const member{static_cast<std::int32_t>(random.below(9))};
      auto const end = at(static_cast<std::int64_t>(random.below(20)));  // later or earlier, and often the same
      auto const known = ends.find(member);
      ranking.put(member, known == ends.end() ? std::nullopt : std::optional(known->second), end);
      ends[member] = end;
      std::vector<Instant> sorted;
      for (auto const& [who, one] : ends) sorted.push_back(one);
      std::ranges::sort(sorted, std::greater{});
      auto const expected = nth == 0 || nth > sorted.size() ? std::nullopt : std::optional(sorted[nth - 1]);
      ASSERT_EQ(ranking.nth(), expected) << nth << " of " << sorted.size() << ", change " << i;
    }
  }
}

TEST(Authority, HalfOfAnEvenElectorateIsEnough) {
  Authority authority({r0, r1, r2, r3}, lease);
  EXPECT_FALSE(authority.leads(at(0)));
  authority.counts_always(r0);
  EXPECT_FALSE(authority.leads(at(1)));
  authority.leased(r2, at(5));
  EXPECT_EQ(authority.until(), at(15));
  EXPECT_TRUE(authority.leads(at(14)));
  EXPECT_FALSE(authority.leads(at(15)));
  authority.leased(r3, at(3));  // a third one: it leads until the second-last has run out
  EXPECT_EQ(authority.until(), at(15));
}

TEST(Authority, OfAnOddElectorateMoreThanHalf) {
  Authority authority({r0, r1, r2}, lease);
  authority.counts_always(r0);
  EXPECT_EQ(authority.until(), Instant{});
  authority.leased(r1, at(5));
  EXPECT_EQ(authority.until(), at(15));
}

TEST(Authority, AloneWithASilentHostItLeadsAndNobodyIsElected) {
  Authority authority({r0, r1}, lease);
  authority.counts_always(r0);
  EXPECT_TRUE(authority.leads(at(1000)));
  EXPECT_FALSE(is_majority({r0, r1}, {r1}));
}

TEST(Authority, OverNobodyItNeverLeads) {
  EXPECT_FALSE(Authority().leads(at(0)));
  Authority authority({r1}, lease);
  authority.leased(r4, at(1));  // has no say
  EXPECT_FALSE(authority.leads(at(2)));
}

TEST(Authority, AStaleEchoChangesNothing) {
  Authority authority({r1, r2, r3}, lease);
  authority.leased(r1, at(9));
  authority.leased(r2, at(8));
  EXPECT_EQ(authority.until(), at(18));
  authority.leased(r2, at(4));
  EXPECT_EQ(authority.until(), at(18));
}

TEST(Authority, IsCompleteOnceNobodyElseIsCountedForEver) {
  Authority authority({r0, r1, r2}, lease);
  for (auto const rank : {r0, r1, r2}) authority.counts_always(rank);
  EXPECT_FALSE(authority.is_complete(r0));
  authority.joined(r1, at(3));
  EXPECT_FALSE(authority.is_complete(r0));
  authority.confirmed(authority.leaves(r2));
  EXPECT_TRUE(authority.is_complete(r0));
  EXPECT_FALSE(authority.is_complete(r1));
}

TEST(Authority, AHostThatHasNotJoinedCounts) {
  Authority authority({r0, r1, r2}, lease);
  for (auto const rank : {r0, r1, r2}) authority.counts_always(rank);
  EXPECT_EQ(authority.until(), for_ever);
  authority.joined(r1, at(3));
  EXPECT_EQ(authority.until(), for_ever);
  authority.joined(r2, at(4));  // from now on they can vote
  EXPECT_EQ(authority.until(), at(14));
}

TEST(Authority, WhoIsLostCountsUntilThatIsConfirmed) {
  Authority authority({r0, r1, r2, r3, r4}, lease);
  authority.counts_always(r0);
  authority.leased(r1, at(8));
  authority.leased(r2, at(5));
  EXPECT_EQ(authority.until(), at(15));  // three of five
  auto const first = authority.leaves(r3);
  auto const second = authority.leaves(r4);
  EXPECT_EQ(authority.until(), at(15)) << "two of three would do, but a candidate may not know";
  authority.confirmed(first);
  EXPECT_EQ(authority.electorate(), (std::set{r0, r1, r2, r4}));
  EXPECT_EQ(authority.until(), at(18));
  EXPECT_EQ(authority.lost(), std::set{r3});
  authority.confirmed(second);
  authority.confirmed(second);
  EXPECT_EQ(authority.electorate(), (std::set{r0, r1, r2}));
  EXPECT_EQ(authority.until(), at(18));
}

// Its lease was needed: whoever reads the log after it has left may be elected without it.
TEST(Authority, WhoLeavesLeasesNoLongerWhatItLeavesBehind) {
  Authority authority({r1, r2, r3}, lease);
  authority.leased(r1, at(5));
  authority.leased(r2, at(8));
  EXPECT_EQ(authority.until(), at(15));
  authority.leaves(r2);
  EXPECT_EQ(authority.until(), at(15));  // one of two
  authority.leaves(r1);
  EXPECT_EQ(authority.until(), Instant{}) << "of r3 alone, nobody leases it";
}

// ---- ballot

struct BallotTest : testing::Test {
  BallotTest() {
    EXPECT_EQ(ballot.hears(r0, Term{3}, at(0)), Ballot::Hearing::newer);
    ballot.welcomed(lease);
  }
  static msg::AskVote ask(Term term, Rank ended = no_rank) { return {term, at(0), ended, false}; }
  static std::string code(std::optional<Failure> const& why) { return why ? why->code : "granted"; }

  Ballot ballot{r2};
};

TEST_F(BallotTest, ObeysTheNewestTermOnly) {
  EXPECT_EQ(ballot.hears(r0, Term{3}, at(1)), Ballot::Hearing::known);
  EXPECT_EQ(ballot.hears(r0, Term{2}, at(1)), Ballot::Hearing::older);
  EXPECT_EQ(ballot.hears(r1, Term{4}, at(1)), Ballot::Hearing::newer);
  EXPECT_EQ(ballot.allocator(), r1);
  EXPECT_EQ(ballot.hears(r0, Term{3}, at(1)), Ballot::Hearing::older);
  EXPECT_EQ(ballot.hears(r4, Term{4}, at(1)), Ballot::Hearing::older) << "a term has one allocator";
  EXPECT_EQ(ballot.joined(), Term{3});
}

TEST_F(BallotTest, NoVoteWhileLeased) {
  EXPECT_EQ(code(ballot.cast(r1, ask(Term{4}), {}, at(9))), "leased");
  EXPECT_EQ(ballot.hears(r0, Term{3}, at(9)), Ballot::Hearing::known);
  EXPECT_EQ(code(ballot.cast(r1, ask(Term{4}), {}, at(19))), "leased") << "it ran anew, and a little longer";
  EXPECT_EQ(code(ballot.cast(r1, ask(Term{4}), {}, at(20))), "granted");
  EXPECT_EQ(ballot.term(), Term{4});
  EXPECT_EQ(ballot.allocator(), no_rank);
  EXPECT_EQ(ballot.hears(r0, Term{3}, at(20)), Ballot::Hearing::older) << "it gave its word to another";
}

TEST_F(BallotTest, AProvenDeathEndsTheLease) {
  EXPECT_EQ(code(ballot.cast(r1, ask(Term{4}, r1), {}, at(1))), "leased") << "another one's death";
  EXPECT_EQ(code(ballot.objection(ask(Term{4}), {r0}, at(1))), "granted") << "as it knows itself";
  EXPECT_EQ(code(ballot.cast(r1, ask(Term{4}, r0), {}, at(1))), "granted");
}

TEST_F(BallotTest, OneVotePerTerm) {
  EXPECT_EQ(code(ballot.cast(r1, ask(Term{4}, r0), {}, at(1))), "granted");
  EXPECT_EQ(code(ballot.cast(r4, ask(Term{4}, r0), {}, at(50))), "old_term");
  EXPECT_EQ(code(ballot.cast(r1, ask(Term{4}, r0), {}, at(50))), "old_term");
}

TEST_F(BallotTest, AVoteIsAPromiseTooThatTheDeathOfTheOldAllocatorDoesNotEnd) {
  EXPECT_EQ(code(ballot.cast(r1, ask(Term{4}, r0), {r0}, at(1))), "granted");
  EXPECT_EQ(code(ballot.cast(r4, ask(Term{5}, r0), {r0}, at(11))), "leased");
  EXPECT_EQ(code(ballot.objection(ask(Term{5}, r1), {r0}, at(2))), "granted") << "the candidate died";
  EXPECT_EQ(code(ballot.cast(r4, ask(Term{5}, r0), {r0}, at(12))), "granted");
}

TEST_F(BallotTest, ATrialPromisesNothing) {
  EXPECT_EQ(code(ballot.objection(ask(Term{4}), {}, at(11))), "granted");
  EXPECT_EQ(ballot.term(), Term{3});
  EXPECT_EQ(ballot.hears(r0, Term{3}, at(12)), Ballot::Hearing::known);
}

TEST(Ballot, BeforeItHasJoinedItVotesOnlyAgainstADeadFirstAllocator) {
  Ballot ballot{r2};
  msg::AskVote question{Term{4}, at(0), no_rank, false};
  EXPECT_EQ(ballot.objection(question, {}, at(100))->code, "not_joined");
  question.ended = r0;
  EXPECT_FALSE(ballot.cast(r1, question, {}, at(100)));
  question.term = Term{5};
  EXPECT_EQ(ballot.cast(r3, question, {}, at(200))->code, "not_joined") << "it can't know how long it has promised";
}

// ---- candidacy

msg::Vote vote(msg::AskVote const& question, std::optional<Failure> refusal = {}) {
  return {question.term, question.sent, question.trial, std::move(refusal)};
}

TEST(Candidacy, FirstWouldThenIs) {
  Candidacy candidacy(r1, {r0, r1, r2, r3, r4}, {}, lease);
  EXPECT_EQ(candidacy.others(), (std::set{r2, r3, r4}));
  auto const trial = candidacy.try_for(Term{4}, no_rank, at(1));
  EXPECT_TRUE(trial.trial);
  EXPECT_EQ(candidacy.standing(at(1)), Candidacy::Standing::open);
  EXPECT_EQ(candidacy.hears(r2, vote(trial), at(2)), Candidacy::Standing::open);
  EXPECT_EQ(candidacy.hears(r2, vote(trial), at(2)), Candidacy::Standing::open) << "counted once";
  EXPECT_EQ(candidacy.hears(r4, vote(trial, reject("leased", "")), at(2)), Candidacy::Standing::open);
  EXPECT_EQ(candidacy.hears(r3, vote(trial), at(2)), Candidacy::Standing::would_win);
  auto const question = candidacy.ask(at(3));
  EXPECT_FALSE(question.trial);
  EXPECT_EQ(candidacy.hears(r4, vote(trial), at(3)), Candidacy::Standing::open) << "of the round before";
  EXPECT_EQ(candidacy.hears(r3, vote(question), at(4)), Candidacy::Standing::open);
  EXPECT_EQ(candidacy.hears(r4, vote(question), at(4)), Candidacy::Standing::elected);
  auto const claim = candidacy.claim(Term{2});
  EXPECT_EQ(claim.voters, (std::set{r1, r3, r4}));
  EXPECT_EQ(claim.lease_until, at(13)) << "from when it asked";
}

TEST(Candidacy, OfAnEvenElectorateMoreThanHalf) {
  Candidacy candidacy(r1, {r0, r1, r2, r3}, {}, lease);
  auto const trial = candidacy.try_for(Term{4}, no_rank, at(1));
  EXPECT_EQ(candidacy.hears(r2, vote(trial), at(2)), Candidacy::Standing::open);
  EXPECT_EQ(candidacy.hears(r3, vote(trial), at(2)), Candidacy::Standing::would_win);
}

TEST(Candidacy, TheDeadAreNoVoters) {
  Candidacy alone(r1, {r0, r1}, {r0}, lease);
  alone.try_for(Term{4}, r0, at(1));
  EXPECT_EQ(alone.standing(at(1)), Candidacy::Standing::would_win);
  alone.ask(at(1));
  EXPECT_EQ(alone.standing(at(1)), Candidacy::Standing::elected);
  Candidacy unproven(r1, {r0, r1}, {}, lease);
  unproven.try_for(Term{4}, no_rank, at(1));
  EXPECT_EQ(unproven.standing(at(1)), Candidacy::Standing::open);
}

TEST(Candidacy, LateVotesElectNobody) {
  Candidacy candidacy(r1, {r1, r2, r3}, {}, lease);
  candidacy.try_for(Term{4}, no_rank, at(1));
  auto const question = candidacy.ask(at(1));
  EXPECT_EQ(candidacy.hears(r2, vote(question), at(11)), Candidacy::Standing::open);
}

// ---- claim

TEST(Claim, IsHeldAgainstTheLedger) {
  Claim const claim{Term{5}, r1, Term{3}, {r1, r2}, {r0}, at(11)};
  auto const flaw = [&](std::set<Rank> const& electorate, Term world, Instant now) {
    auto const why = flaw_of(claim, electorate, world, now);
    return why ? why->code : "none";
  };
  EXPECT_EQ(flaw({r0, r1, r2, r3}, Term{3}, at(5)), "none");
  EXPECT_EQ(flaw({r1, r2, r3, r4}, Term{3}, at(5)), "no_majority");
  EXPECT_EQ(flaw({r2, r3}, Term{3}, at(5)), "counts_as_dead");
  EXPECT_EQ(flaw({r0, r1, r2, r3}, Term{4}, at(5)), "another_world");
  EXPECT_EQ(flaw({r0, r1, r2, r3}, Term{3}, at(11)), "too_late");
}

}  // namespace
}  // namespace godwit::custody
