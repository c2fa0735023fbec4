// Hosts in groups: what waits is granted to a manager for whichever of its hosts has room; who has it, that host says;
// and when the group changes, nothing of it is given out again before each host has said what it has, or is fenced.
#include "component/allocator_rig.hpp"

namespace godwit::allocator {
namespace {

constexpr Epoch only_epoch{1};

// Three hosts of one core, managed by the first, all busy; it is known that such jobs take a second.
struct Grouping {
  Grouping() {
    rig.pass(10s);
    for (int const host : {1, 2, 3}) {
      auto const told = rig.sent<msg::Managed>(host);
      EXPECT_EQ(told.manager, Rank{1});
      EXPECT_EQ(told.version, 1U);
      EXPECT_EQ(told.members.size(), host == 1 ? 3U : 0U);
      EXPECT_EQ(rig.route(host), Rank{1});
    }
    rig.submit(Rig::counter());
    auto const first = rig.granted(1);
    rig.started(1, first);
    rig.sleep(1s);  // a host that is as slow isn't given more than it has cores for
    rig.ended(1, first, second);
    for (int const host : {1, 2, 3}) {
      rig.submit(Rig::counter());
      starts[host] = rig.granted(host);
      rig.started(host, starts[host]);
    }
  }
  // Submitted, and granted to the group.
  JobId queued() {
    auto const job = rig.submit(Rig::counter());
    auto const event = rig.appended<log::GrantedToGroup>();
    EXPECT_EQ(event.job, job);
    EXPECT_EQ(event.manager, Rank{1});
    auto const start = rig.sent<msg::StartJob>(1);
    EXPECT_TRUE(start.for_group);
    EXPECT_EQ(start.job, job);
    return job;
  }
  void starts_on(int host, JobId job) {
    rig.hears(host, msg::JobStarted{job, only_epoch, std::nullopt, 0, false, {}});
    auto const event = rig.appended<log::HandedOn>();
    EXPECT_EQ(event.job, job);
    EXPECT_EQ(event.host, Rank{host});
    rig.appended<log::Started>();
    EXPECT_EQ(rig.record(job).host, Rank{host});
  }
  void manager_dies() {
    rig.loses(1);
    for (int const host : {2, 3}) {
      auto const told = rig.sent<msg::Managed>(host);
      EXPECT_EQ(told.manager, no_rank);
      EXPECT_EQ(told.version, 2U);
      EXPECT_EQ(rig.route(host), no_rank);
    }
  }
  JobId is_handed_on(Rank to) {
    auto const event = rig.appended<log::HandedOn>();
    EXPECT_EQ(event.host, to);
    return event.job;
  }

  Outcome const second{Ending::finished, {}, {}, 100, 1s};
  Rig rig{RigOptions{.slots = 1, .hosts_per_manager = 3}};
  std::map<int, msg::StartJob> starts;
};

TEST(AllocatorGroups, WhatWaitsIsGrantedToTheGroupAndItsHostsSayWhoHasIt) {
  Grouping world;
  auto& rig = world.rig;
  auto const five = world.queued();
  EXPECT_TRUE(rig.record(five).at_group);
  rig.ended(3, world.starts[3], world.second);  // the manager has given it another by now: nothing is granted to it
  auto const six = world.queued();
  world.starts_on(3, five);
  EXPECT_FALSE(rig.record(five).at_group);
  world.starts_on(1, six);
}

TEST(AllocatorGroups, AJobThatEndsAtOnceIsKnownToo) {
  Grouping world;
  auto const job = world.queued();
  world.rig.hears(2, msg::JobEnded{job, only_epoch, {Ending::failed, "no such file", {}, 0}});
  EXPECT_EQ(world.is_handed_on(Rank{2}), job);
  EXPECT_EQ(world.rig.appended<log::Ended>().job, job);
}

TEST(AllocatorGroups, OnlyShortJobsThatNeedNothingSpecial) {
  Grouping world;
  auto& rig = world.rig;
  auto pinned = Rig::counter();
  pinned.host = Rank{2};
  rig.submit(pinned);
  rig.nothing_more();
  rig.ended(2, world.starts[2], {Ending::finished, {}, {}, 100, 60min});  // such jobs are long after all
  auto const start = rig.granted(2);
  rig.submit(Rig::counter());
  rig.nothing_more();
  rig.ended(2, start, world.second);
  rig.granted(2);
}

TEST(AllocatorGroups, NothingIsGivenOutAgainBeforeAllHaveAnswered) {
  Grouping world;
  auto& rig = world.rig;
  auto const five = world.queued(), six = world.queued();
  world.manager_dies();
  rig.hears(3, msg::Regrouped{2, {{world.starts[3].job, only_epoch}, {five, only_epoch}}});
  EXPECT_EQ(world.is_handed_on(Rank{3}), five);
  rig.nothing_more();
  EXPECT_EQ(rig.record(six).state, JobState::starting);
  rig.hears(2, msg::Regrouped{2, {{world.starts[2].job, only_epoch}}});
  EXPECT_EQ(world.is_handed_on(Rank{1}), six);  // it was with the dead one, as far as anybody knows
  EXPECT_EQ(rig.record(six).state, JobState::waiting);
  EXPECT_EQ(rig.record(six).host_losses, 1U);
}

TEST(AllocatorGroups, ALateHostSpeaksForItselfAndMustAnswer) {
  Grouping world;
  auto& rig = world.rig;
  auto const job = world.queued();
  rig.pass(10s, {3});
  rig.sent<msg::Poll>(3);
  for (int const host : {1, 2, 3}) EXPECT_EQ(rig.sent<msg::Managed>(host).version, 2U);
  rig.hears(1, msg::GivenBack{{{job, only_epoch}}});  // it hadn't handed it on
  EXPECT_EQ(world.is_handed_on(no_rank), job);
  EXPECT_EQ(rig.record(job).state, JobState::waiting);
  EXPECT_EQ(rig.record(job).host_losses, 0U);
  rig.hears(1, msg::Regrouped{2, {{world.starts[1].job, only_epoch}}});
  rig.hears(2, msg::Regrouped{2, {{world.starts[2].job, only_epoch}}});
  rig.pass(1s, {3});
  rig.hears(3, msg::Regrouped{2, {{world.starts[3].job, only_epoch}}});
  rig.pass(1s);  // and now the others are a group again, without the one that was late
  for (int const host : {1, 2}) EXPECT_EQ(rig.sent<msg::Managed>(host).manager, Rank{1});
  EXPECT_EQ(rig.route(3), no_rank);
  rig.appended<log::GrantedToGroup>();
  rig.sent<msg::StartJob>(1);
}

TEST(AllocatorGroups, ACancelFollowsTheJob) {
  Grouping world;
  auto& rig = world.rig;
  auto const job = world.queued();
  auto const cancel = rig.says(cmd::Cancel{std::to_string(job.number())});
  auto const asked = rig.sent<msg::CancelJob>(1);
  rig.hears(1, msg::OrderDone{asked.request, job, retry_later("not_here", "it was handed on"), {}});
  rig.nothing_more();
  rig.hears(3, msg::JobStarted{job, only_epoch, std::nullopt, 0, false, {}});
  world.is_handed_on(Rank{3});
  rig.appended<log::Started>();
  auto const again = rig.sent<msg::CancelJob>(3);
  rig.hears(3, msg::JobEnded{job, only_epoch, {Ending::cancelled, {}, {}, 1}});
  rig.appended<log::Ended>();
  rig.acted(cancel);
  rig.hears(3, msg::OrderDone{again.request, job, std::nullopt, {}});
}

TEST(AllocatorGroups, ACancelledJobThatStillWaitsIsGivenBack) {
  Grouping world;
  auto& rig = world.rig;
  auto const job = world.queued();
  auto const cancel = rig.says(cmd::Cancel{std::to_string(job.number())});
  rig.sent<msg::CancelJob>(1);
  rig.hears(1, msg::GivenBack{{{job, only_epoch}}});
  world.is_handed_on(no_rank);
  EXPECT_EQ(rig.appended<log::Ended>().outcome.ending, Ending::cancelled);
  rig.acted(cancel);
}

TEST(AllocatorGroups, ExplainsWhereItWaits) {
  Grouping world;
  auto const job = world.queued();
  auto const told = world.rig.replied<cmd::Explained>(world.rig.says(cmd::Explain{std::to_string(job.number())}));
  ASSERT_EQ(told.rows.size(), 1U);
  ASSERT_FALSE(told.rows[0].sentences.empty());
  EXPECT_NE(told.rows[0].sentences[0].find("the group of host 1"), std::string::npos);
}

TEST(AllocatorGroups, ANewAllocatorAsksAllWhoHasWhat) {
  Grouping world;
  auto const five = world.queued(), six = world.queued();
  using Phase = msg::Held::Phase;
  Rig rig({.slots = 1, .join = false, .ledger = world.rig.ledger(), .term = Term{2}, .hosts_per_manager = 3, .takes_over = true});
  auto const holds = [&](int host, std::vector<msg::Held> held) {
    held.push_back({world.starts[host].job, only_epoch, Phase::live, {}});
    rig.holds(host, std::move(held));
  };
  holds(1, {});  // a manager's queue isn't what it holds
  rig.sent<msg::ResumeJob>(1);
  holds(3, {{five, only_epoch, Phase::starting, {}}});
  EXPECT_EQ(rig.appended<log::HandedOn>().host, Rank{3});
  rig.sent<msg::ResumeJob>(3);
  EXPECT_EQ(rig.record(six).state, JobState::starting);
  holds(2, {});
  auto const event = rig.appended<log::HandedOn>();
  EXPECT_EQ(event.job, six);
  EXPECT_EQ(event.host, no_rank);
  rig.sent<msg::ResumeJob>(2);
  EXPECT_EQ(rig.record(six).state, JobState::waiting);
}

TEST(AllocatorGroups, AtTheEndEachHostSpeaksForItself) {
  Grouping world;
  auto& rig = world.rig;
  rig.says(cmd::Stop{});
  for (int const host : {1, 2, 3}) {
    EXPECT_EQ(rig.sent<msg::Managed>(host).manager, no_rank);
    rig.sent<msg::Quiesce>(host);
    EXPECT_EQ(rig.route(host), no_rank);
  }
}

}  // namespace
}  // namespace godwit::allocator
