// What users are told about jobs that wait, run or are over, and about whose turn it is.
#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

using Words = std::vector<std::string>;

JobArray sweep_of(std::string account, std::uint32_t size, std::string name = {}) {
  auto array = Rig::sweep(size, std::move(name));
  array.spec.account = std::move(account);
  return array;
}

std::vector<cmd::Explanation> all_explained(Rig& rig, std::string const& job) {
  auto answer = rig.replied<cmd::Explained>(rig.says(cmd::Explain{job}));
  EXPECT_EQ(answer.left_out, 0U);
  return answer.rows;
}

cmd::Shares shares(Rig& rig) {
  return rig.replied<cmd::Shares>(rig.says(cmd::ListShares{}));
}

cmd::ShareRow share_of(cmd::Shares const& shares, std::string const& path) {
  for (auto const& row : shares.rows) {
    if (row.path == path) return row;
  }
  ADD_FAILURE() << "no account " << path;
  return {};
}

void set_accounts(Rig& rig, std::vector<AccountRule> rules) {
  auto const set = rig.says(cmd::SetAccounts{std::move(rules)});
  rig.appended<log::AccountsSet>();
  rig.replied<cmd::AccountsSet>(set);
}

// Only the first that waits stands in line; whichever is asked about is told what that waits for, and how
// many are before it.
TEST(AllocatorExplain, EachElementOfAnArrayThatWaits) {
  Rig rig({.hosts = 1, .slots = 1});
  rig.submit(sweep_of("anna", 5));
  rig.granted(1);
  auto const first = rig.explained("1_2");
  EXPECT_EQ(first.facts.at("waits_for"), "room");
  EXPECT_FALSE(first.facts.contains("before_in_array"));
  EXPECT_EQ(first.sentences,
            (Words{"its account is anna (index 0.0, 1 core running, 4 waiting)",
                   "it needs 1 core, and no host has that free now", "host 1: 0 of 1 cores are free"}));
  auto const third = rig.explained("1_4");
  EXPECT_EQ(third.job, JobId::of_element(1, 4));
  EXPECT_EQ(third.facts.at("waits_for"), "room");
  EXPECT_EQ(third.facts.at("before_in_array"), "2");
  EXPECT_EQ(third.sentences.at(1), "2 elements of its array are before it");
  auto const whole = all_explained(rig, "1");
  ASSERT_EQ(whole.size(), 2U) << "one that runs, and one for all that wait";
  EXPECT_EQ(whole[0].job, JobId::of_element(1, 2));
  EXPECT_EQ(whole[0].sentences.back(), "so do 3 more elements of its array");
  EXPECT_EQ(whole[0].facts.at("alike_in_array"), "3");
  EXPECT_EQ(whole[1].job, JobId::of_element(1, 1));
  EXPECT_EQ(rig.explained("1_4-5").sentences.back(), "so does another element of its array");
}

TEST(AllocatorExplain, WhatIsOver) {
  Rig rig({.hosts = 1, .slots = 1});
  rig.submit(sweep_of("anna", 2));
  auto const one = rig.granted(1);
  rig.started(1, one);
  rig.sleep(1s);
  rig.ended(1, one);
  auto const two = rig.granted(1);
  EXPECT_EQ(rig.explained("1_1").state, JobState::finished);
  EXPECT_EQ(rig.explained("1_1").sentences, Words{"it is over"});
  rig.started(1, two);
  rig.ended(1, two, {Ending::failed, "diverged", "", 3});
  EXPECT_EQ(rig.explained("1_2").sentences, Words{"it is over: diverged"});
  auto const whole = rig.explained("1");
  EXPECT_EQ(whole.job, JobId{1});
  EXPECT_EQ(whole.state, JobState::failed);
  EXPECT_EQ(whole.sentences, Words{"it is over: of 2 elements 1 failed, 0 were cancelled"});
}

TEST(AllocatorExplain, WhatIsSuspended) {
  Rig rig({.hosts = 1, .slots = 1});
  auto const job = rig.running(1);
  auto const command = rig.says(cmd::Suspend{"1"});
  auto const order = rig.sent<msg::SuspendJob>(1);
  rig.hears(1, msg::OrderDone{order.request, order.job, {}, {}});
  rig.appended<log::Suspended>();
  rig.acted(command);
  EXPECT_EQ(rig.explained("1").sentences.front(),
            "it is suspended, on host 1; 'godwit resume 1' lets it go on");
  EXPECT_EQ(rig.record(job).state, JobState::suspended);
}

TEST(AllocatorExplain, WhatMustBeOverFirst) {
  Rig rig({.hosts = 1, .slots = 1});
  rig.submit(sweep_of("anna", 2, "sweep"));
  rig.granted(1);
  rig.submit(Rig::counter("anna"));
  auto report = Rig::counter("anna");
  report.after = {{"sweep", {}, Dependency::Until::finished}, {"2", {}, Dependency::Until::ended}};
  rig.submit(report);
  auto const about = rig.explained("3");
  EXPECT_EQ(about.facts.at("waits_for"), "jobs");
  EXPECT_EQ(about.sentences, Words{"it waits for array 1 \"sweep\" to finish, and for job 2 to end"});
}

// Who may have no more is never next, however low its index; and is told whose cap it is.
TEST(AllocatorExplain, ACap) {
  Rig rig({.hosts = 1, .slots = 2});
  set_accounts(rig, {{"chem/anna", 1, {}, 0}, {"chem", 1, {}, 1}, {"bio", 1, {}, 0}});
  rig.submit(Rig::counter("chem/anna"));
  rig.granted(1);
  rig.submit(Rig::counter("bio"));
  rig.granted(1);
  rig.submit(Rig::counter("chem/anna"));
  EXPECT_EQ(rig.explained("3").facts.at("waits_for"), "cap");
  EXPECT_EQ(rig.explained("3").sentences.back(),
            "it needs 1 core: chem may have 1 core at once, and has 1 core");
  auto told = shares(rig);
  EXPECT_EQ(told.next, "nobody is next: who waits has all the cores that it may have at once");
  EXPECT_TRUE(share_of(told, "chem/anna").at_cap);
  EXPECT_EQ(share_of(told, "chem/anna").served_next, 0);
  rig.submit(Rig::counter("bio"));
  told = shares(rig);
  EXPECT_EQ(told.next, "bio is next: its index is 0.0, and no other account that waits may have more");
  EXPECT_EQ(share_of(told, "bio").served_next, 1);
  EXPECT_FALSE(share_of(told, "bio").at_cap);
}

// It isn't the accounts' own standing that counts, but that of the groups above them where their paths part.
TEST(AllocatorExplain, TheGroupThatMadeTheDifference) {
  Rig rig({.hosts = 1, .slots = 1});
  set_accounts(rig, {{"chem/anna", 1, {}, 0}, {"chem/ben", 1, {}, 0}, {"bio", 1, {}, 0}});
  rig.submit(Rig::counter("bio"));
  auto const first = rig.granted(1);
  rig.started(1, first);
  rig.submit(Rig::counter("bio"));
  rig.submit(Rig::counter("chem/anna"));
  rig.submit(sweep_of("chem/ben", 3));
  rig.pass(4s);
  auto const told = shares(rig);
  EXPECT_EQ(told.measure, "index");
  EXPECT_EQ(told.next.substr(0, 36), "chem/anna is next: its index is -4.0");
  auto const waits = rig.explained("2");
  EXPECT_EQ(
      waits.sentences.at(1),
      "before it goes chem/anna (index -4.0, 0 cores running, 1 waiting): chem's index is -4.0, bio's 2.0");
  rig.ended(1, first);
  EXPECT_EQ(rig.granted(1).job, JobId{3});
  EXPECT_EQ(rig.explained("3").sentences.back(),
            "it was placed on host 1, which had 1 core free; its account chem/anna was next: its index was "
            "-4.0, chem/ben's -4.0");
  EXPECT_EQ(shares(rig).next.substr(0, 18), "chem/ben is next: ");
}

TEST(AllocatorExplain, EachPolicyInItsOwnWords) {
  for (std::string const policy : {"fair-tree", "fcfs"}) {
    Rig rig({.hosts = 1, .slots = 1, .policy = policy});
    rig.submit(Rig::counter("anna"));
    auto const first = rig.granted(1);
    rig.started(1, first);
    rig.submit(Rig::counter("anna"));
    rig.submit(Rig::counter("ben"));
    rig.pass(4s);
    auto const told = shares(rig);
    auto const waits = rig.explained("3"), runs = rig.explained("1");
    if (policy == "fcfs") {
      EXPECT_EQ(told.next, "anna is next, in the order of submission");
      EXPECT_EQ(waits.sentences.at(0), "its account is ben (0 cores running, 1 waiting)");
      EXPECT_EQ(waits.sentences.at(1),
                "before it goes anna (1 core running, 1 waiting), whose request is older");
      EXPECT_EQ(runs.sentences.back(),
                "it was placed on host 1, which had 1 core free; its account anna was next in the order of "
                "submission");
    } else {
      EXPECT_EQ(told.next,
                "ben is next: its level fairshare is infinite; then anna: its level fairshare is 0.50");
      EXPECT_EQ(share_of(told, "anna").standing, "0.50");
      EXPECT_EQ(waits.sentences.at(0),
                "its account is ben (level fairshare infinite, 0 cores running, 1 waiting)");
      EXPECT_EQ(runs.sentences.back(),
                "it was placed on host 1, which had 1 core free; its account anna was next: its level "
                "fairshare was infinite");
    }
  }
}

// A group's own jobs are of its member "chem/-": they are counted there.
TEST(AllocatorExplain, JobsOfAGroupItself) {
  Rig rig({.hosts = 1, .slots = 1});
  set_accounts(rig, {{"chem/anna", 1, {}, 0}});
  rig.submit(Rig::counter("chem/anna"));
  rig.granted(1);
  rig.submit(sweep_of("chem", 3));
  auto const told = shares(rig);
  EXPECT_EQ(share_of(told, "chem/-").waiting, 3);
  EXPECT_EQ(share_of(told, "chem").waiting, 3);
  EXPECT_EQ(rig.explained("2_1").sentences.front(),
            "its account is chem/- (index 0.0, 0 cores running, 3 waiting)");
}

}  // namespace
}  // namespace godwit::allocator
