// Who is served next, who is made to wait for whom, how a host is emptied, and what users are told about all of it.
#include <algorithm>

#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

RigOptions small(int hosts, int slots) {
  RigOptions options;
  options.hosts = hosts;
  options.slots = slots;
  return options;
}

msg::OrderDone done(msg::ParkJob const& order, std::optional<Failure> failure = {}) {
  return {order.request, order.job, std::move(failure), {}};
}

std::string joined(std::vector<std::string> const& sentences) {
  std::string all;
  for (auto const& sentence : sentences) all += sentence + "; ";
  return all;
}

std::string decisions(cmd::Explanation const& about) {
  std::string all;
  for (auto const& [at, what] : about.decisions) all += what + "; ";
  return all;
}

TEST(AllocatorSharing, CoresAreCounted) {
  Rig rig(small(1, 4));
  rig.submit(Rig::counter("anna", 3));
  rig.granted(1);
  rig.submit(Rig::counter("anna", 2));  // no room
  rig.submit(Rig::counter("anna", 1));
  EXPECT_EQ(rig.granted(1).job, JobId{3});
}

TEST(AllocatorSharing, WhatFitsOnNoHostIsRefusedWithTheReason) {
  Rig rig(small(2, 4));
  rig.says(cmd::Submit{{Rig::counter("anna", 5)}});
  auto const lookup = rig.sought();
  rig.feed(TypesFound{lookup.request, Rig::types()});
  auto const why = rig.refused(CommandId{1});
  EXPECT_NE(why.find("never_fits"), why.npos) << why;
  EXPECT_NE(why.find("has 4 cores"), why.npos) << why;
}

// One account has taken all there is; the other one's first job is served before its next.
TEST(AllocatorSharing, TheAccountWithTheLowestIndexIsServedFirst) {
  Rig rig(small(1, 1));
  rig.submit(Rig::counter("heavy"));
  auto const first = rig.granted(1);
  rig.started(1, first);
  rig.submit(Rig::counter("heavy"));
  rig.submit(Rig::counter("light"));
  rig.pass(5s);
  rig.ended(1, first);
  EXPECT_EQ(rig.granted(1).job, JobId{3});
  auto const about = rig.explained("3");
  EXPECT_NE(joined(about.sentences).find("its account light was next"), std::string::npos) << joined(about.sentences);
  EXPECT_EQ(about.facts.at("placed_on"), "1");
  auto const waits = rig.explained("2");
  EXPECT_EQ(waits.facts.at("waits_for"), "room") << joined(waits.sentences);
}

TEST(AllocatorSharing, SharesAreATreeWithSums) {
  Rig rig(small(2, 2));
  auto const set = rig.says(cmd::SetAccounts{{{"chem/anna", 2, {}, 0}, {"chem", 3, {}, 0}, {"bio", 1, {Rank{2}}, 1}}});
  EXPECT_EQ(rig.appended<log::AccountsSet>().rules.size(), 3U);
  EXPECT_EQ(rig.replied<cmd::AccountsSet>(set).rules, 3);
  rig.submit(Rig::counter("chem/anna"));
  rig.granted(1);
  auto const shares = rig.replied<cmd::Shares>(rig.says(cmd::ListShares{}));
  EXPECT_EQ(shares.policy, "up-down");
  std::vector<std::string> paths;
  for (auto const& row : shares.rows) paths.push_back(row.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"bio", "chem", "chem/anna"}));
  EXPECT_EQ(shares.rows[0].cores_max, 1);
  EXPECT_EQ(shares.rows[0].hosts, std::vector{Rank{2}});
  EXPECT_EQ(shares.rows[1].running_millicores, 1000);
  EXPECT_EQ(shares.rows[2].running_millicores, 1000);
  EXPECT_TRUE(shares.rows[2].declared);
}

TEST(AllocatorSharing, RulesThatMakeNoSenseChangeNothing) {
  Rig rig(small(2, 2));
  auto const twice = rig.refused(rig.says(cmd::SetAccounts{{{"chem", 1, {}, 0}, {"chem", 2, {}, 0}}}));
  EXPECT_NE(twice.find("chem"), twice.npos);
  EXPECT_TRUE(rig.ledger().accounts().empty());
}

TEST(AllocatorSharing, AHostThatIsNotThereMayBeOwned) {
  Rig rig(small(2, 2));
  auto const set = rig.says(cmd::SetAccounts{{{"chem", 1, {Rank{7}}, 0}}});
  rig.appended<log::AccountsSet>();
  rig.replied<cmd::AccountsSet>(set);
  EXPECT_TRUE(std::ranges::any_of(rig.notes(), [](auto const& note) {
    return note.text.find("owns host 7, which does not exist here") != std::string::npos;
  }));
}

// The light account waits while the heavy one is over its share: a job of that is checkpointed, and waits.
TEST(AllocatorSharing, AJobIsMadeToWaitForAnotherAccounts) {
  Rig rig(small(1, 1));
  rig.submit(Rig::counter("heavy"));
  auto const heavy = rig.granted(1);
  rig.started(1, heavy);
  rig.pass(50s);
  rig.submit(Rig::counter("light"));
  rig.pass(5s);  // the heavy one's quantum isn't over
  rig.nothing_more();
  rig.pass(10s);
  auto const order = rig.sent<msg::ParkJob>(1);
  EXPECT_EQ(order.job, heavy.job);
  rig.pass(5s);  // asked once
  rig.hears(1, msg::Checkpointed{heavy.job, heavy.epoch, {heavy.epoch, Generation{1}, ""}, {}, std::nullopt});
  rig.appended<log::Checkpointed>();
  rig.hears(1, done(order));
  EXPECT_EQ(rig.appended<log::Parked>().job, heavy.job);
  EXPECT_EQ(rig.granted(1).job, JobId{2});
  auto const about = rig.explained("1");
  EXPECT_EQ(about.state, JobState::waiting);
  EXPECT_NE(decisions(about).find("made to wait for job 2"), std::string::npos) << decisions(about);
  // Whoever leads next can still tell, of both.
  RigOptions later = small(1, 1);
  later.ledger = rig.ledger();
  later.term = Term{2};
  later.join = false;
  Rig next(later);
  EXPECT_NE(decisions(next.explained("1")).find("made to wait for job 2"), std::string::npos);
}

TEST(AllocatorSharing, AJobThatCannotBeSavedRunsOn) {
  Rig rig(small(1, 1));
  rig.submit(Rig::counter("heavy"));
  auto const heavy = rig.granted(1);
  rig.started(1, heavy);
  rig.submit(Rig::counter("light"));
  rig.pass(62s);
  auto const order = rig.sent<msg::ParkJob>(1);
  rig.hears(1, done(order, retry_later("no_space", "the store is full")));
  EXPECT_EQ(rig.record(heavy.job).state, JobState::running);
  rig.pass(2s);
  EXPECT_EQ(rig.sent<msg::ParkJob>(1).job, heavy.job) << "the other one waits still, and asks again";
}

TEST(AllocatorSharing, ADrainedHostIsLeftAndGetsNothingNew) {
  Rig rig(small(2, 2));
  auto const job = rig.submit(Rig::counter());
  rig.started(1, rig.granted(1));
  auto const command = rig.says(cmd::Drain{Rank{1}, false});
  EXPECT_TRUE(rig.appended<log::Drained>().drained);
  auto const move = rig.prepares(2);
  EXPECT_EQ(move.job, job);
  auto const answer = rig.replied<cmd::Drained>(command);
  EXPECT_TRUE(answer.drained);
  EXPECT_EQ(answer.leaving, std::vector{job});
  rig.accepted(move, 2);
  rig.departed(move);
  rig.submit(Rig::counter());
  rig.granted(2);
  rig.submit(Rig::counter());  // host 2 is full, and host 1 takes none
  rig.nothing_more();
  auto const back = rig.says(cmd::Drain{Rank{1}, true});
  EXPECT_FALSE(rig.appended<log::Drained>().drained);
  rig.granted(1);
  EXPECT_FALSE(rig.replied<cmd::Drained>(back).drained);
}

TEST(AllocatorSharing, WhoFindsNoRoomElsewhereWaits) {
  Rig rig(small(1, 2));
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Drain{Rank{1}, false});
  rig.appended<log::Drained>();
  rig.replied<cmd::Drained>(command);
  auto const order = rig.sent<msg::ParkJob>(1);
  EXPECT_EQ(order.job, job);
  rig.hears(1, done(order));
  EXPECT_EQ(rig.appended<log::Parked>().job, job);
  rig.nothing_more();
  EXPECT_NE(decisions(rig.explained("1")).find("being drained"), std::string::npos);
}

TEST(AllocatorSharing, WhoCouldNotLeaveIsAskedAgain) {
  Rig rig(small(1, 2));
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Drain{Rank{1}, false});
  rig.appended<log::Drained>();
  rig.replied<cmd::Drained>(command);
  rig.hears(1, done(rig.sent<msg::ParkJob>(1), retry_later("no_safe_point", "step 4 is still running")));
  rig.pass(15s);
  EXPECT_EQ(rig.sent<msg::ParkJob>(1).job, job);
}

TEST(AllocatorSharing, AStandbyHostTakesJobsWhenAnotherIsDrained) {
  auto options = small(2, 1);
  options.join = false;
  Rig pair(options);
  pair.joins(1);
  Capabilities has;
  has.cores = 1;
  has.labels = {"standby"};
  pair.hears(2, msg::Hello{102, "node2", 8, has});
  pair.sent<msg::Welcome>(2);
  pair.submit(Rig::counter());
  pair.granted(1);
  pair.submit(Rig::counter());
  pair.nothing_more();  // host 2 only stands by
  auto const command = pair.says(cmd::Drain{Rank{1}, false});
  pair.appended<log::Drained>();
  EXPECT_EQ(pair.replied<cmd::Drained>(command).leaving, std::vector{JobId{1}});
  EXPECT_EQ(pair.granted(2).job, JobId{2});
}

// The next allocator of the world knows the rules, the scores and who is drained.
TEST(AllocatorSharing, ScoresAreKept) {
  Rig rig(small(1, 2));
  rig.submit(Rig::counter("heavy", 2));
  rig.started(1, rig.granted(1));
  rig.submit(Rig::counter("light"));
  rig.pass(40s);
  ASSERT_FALSE(rig.scores().empty());
  auto const kept = rig.scores().back();
  EXPECT_GT(kept.at("heavy"), 0);
  EXPECT_LT(kept.at("light"), 0);
  EXPECT_EQ(rig.ledger().scores(), kept);

  RigOptions options;
  options.hosts = 1;
  options.ledger = rig.ledger();
  options.term = Term{2};
  options.takes_over = true;
  options.join = false;
  Rig next(options);
  auto const shares = next.replied<cmd::Shares>(next.says(cmd::ListShares{}));
  ASSERT_EQ(shares.rows.size(), 2U);
  EXPECT_EQ(shares.rows[0].index, kept.at("heavy"));
  EXPECT_EQ(shares.rows[1].index, kept.at("light"));
}

}  // namespace
}  // namespace godwit::allocator
