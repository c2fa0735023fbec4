// Jobs granted ahead of a free slot wait here, without a capsule, in the order in which they came; orders about
// one that waits are answered sensibly, and none of them survives its cancel, a later epoch, or the end of the world.
#include "host/cores.hpp"
#include "support/host_scenes.hpp"

namespace godwit::test {
namespace {

host::Settings one_slot() {
  host::Settings settings;
  settings.has.cores = 1;
  settings.own_cpus = {4, 5};
  settings.other_cpus = {2};
  return settings;
}

struct HostQueue : testing::Test, Scenes {
  HostQueue() : Scenes(one_slot()) {}
  void granted(std::uint64_t number, Epoch epoch = e1) {
    from_allocator(msg::StartJob{JobId{number}, epoch, spec_of(), {}, {}});
  }
  CapsuleOrder starts(std::uint64_t number) {
    auto order = did<host::PrepareCapsule>().order;
    EXPECT_EQ(order.job, JobId{number});
    return order;
  }
  void ends(CapsuleId capsule_id) {
    capsule(capsule::Ended{capsule_id, {Ending::finished, {}, {}, 1}});
    told_allocator<msg::JobEnded>();
    forgotten(capsule_id);
  }
};

TEST_F(HostQueue, StartsInOrderAsSlotsFree) {
  granted(1);
  auto const first = starts(1);
  for (std::uint64_t number : {9, 3, 5}) granted(number);
  nothing_else();
  ends(first.capsule);
  auto const second = starts(9);
  EXPECT_EQ(second.start_at, e1);
  capsule(capsule::Died{second.capsule, {Ending::crashed, "killed by signal 9", {}, 0}});
  EXPECT_EQ(told_allocator<msg::JobEnded>().job, JobId{9});
  forgotten(second.capsule);
  auto const third_one = starts(3);
  ends(third_one.capsule);
  ends(starts(5).capsule);
}

TEST_F(HostQueue, ARepeatedOrderWaitsOnce) {
  granted(1);
  auto const first = starts(1);
  granted(2, e2);
  granted(2, e2);
  granted(2, e1);
  ends(first.capsule);
  auto const second = starts(2);
  EXPECT_EQ(second.start_at, e2);
  ends(second.capsule);
}

TEST_F(HostQueue, ALaterEpochTakesThePlaceOfOneThatWaits) {
  granted(1);
  auto const first = starts(1);
  granted(2, e1);
  granted(3);
  granted(2, e2);
  ends(first.capsule);
  ends(starts(3).capsule);
  auto const second = starts(2);
  EXPECT_EQ(second.start_at, e2);
  ends(second.capsule);
}

TEST_F(HostQueue, ACancelledOneNeverStarts) {
  granted(1);
  auto const first = starts(1);
  granted(2);
  granted(3);
  from_allocator(msg::CancelJob{RequestId{40}, JobId{2}, e1});
  auto const ended = told_allocator<msg::JobEnded>();
  EXPECT_EQ(ended.job, JobId{2});
  EXPECT_EQ(ended.outcome.ending, Ending::cancelled);
  EXPECT_FALSE(told_allocator<msg::OrderDone>().failure.has_value());
  ends(first.capsule);
  ends(starts(3).capsule);
}

TEST_F(HostQueue, ACancelOfAnotherEpochLeavesItWaiting) {
  granted(1);
  auto const first = starts(1);
  granted(2, e2);
  from_allocator(msg::CancelJob{RequestId{40}, JobId{2}, e1});
  EXPECT_EQ(told_allocator<msg::OrderDone>().failure->code, "not_here");
  ends(first.capsule);
  ends(starts(2).capsule);
}

TEST_F(HostQueue, OrdersAboutOneThatWaitsAreAnswered) {
  granted(1);
  auto const first = starts(1);
  granted(2);
  from_allocator(msg::SuspendJob{RequestId{40}, JobId{2}, e1});
  EXPECT_EQ(told_allocator<msg::OrderDone>().failure->reaction, Reaction::retry_later);
  from_allocator(msg::CheckpointJob{RequestId{41}, JobId{2}, e1});
  EXPECT_EQ(told_allocator<msg::OrderDone>().failure->reaction, Reaction::retry_later);
  from(other, msg::ArrivalReady{JobId{2}, e1, e2, e3});  // nobody ordered that: it can't leave before it runs
  EXPECT_EQ(sent<msg::AbandonMove>(other).job, JobId{2});
  ends(first.capsule);
  ends(starts(2).capsule);
}

TEST_F(HostQueue, AnArrivalAtALaterEpochTakesItsPlace) {
  granted(1);
  auto const first = starts(1);
  granted(2, e1);
  from_allocator(msg::PrepareArrival{JobId{2}, other, e1, e2, e3, spec_of(), 4096});
  auto const arrival = starts(2);
  EXPECT_FALSE(arrival.start_at.has_value());
  ends(first.capsule);  // nothing waits any more
  nothing_else();
  from(other, msg::AbandonMove{JobId{2}, e2, e3, false, reject("x", "y"), true});
  did<host::KillCapsule>();
  did<host::ForgetCapsule>();
}

TEST_F(HostQueue, NoneStartsOnceTheWorldEnds) {
  granted(1);
  auto const first = starts(1);
  granted(2);
  granted(3);
  from_allocator(msg::Quiesce{});
  EXPECT_TRUE(noted("2 jobs"));
  nothing_else();  // that one may be running already
  ends(first.capsule);
  told_allocator<msg::Quiesced>();
}

TEST_F(HostQueue, AJobGetsCoresOfItsOwnAndGivesThemBack) {
  granted(1);
  auto const first = starts(1);
  EXPECT_EQ(first.cpus, std::vector{4});
  ends(first.capsule);
  granted(2);
  auto const second = starts(2);
  EXPECT_EQ(second.cpus, std::vector{4});
  ends(second.capsule);
}

TEST(HostCores, AreDisjointWhileThereAreEnough) {
  host::Cores cores({4, 5, 6}, {1, 2});
  auto const one = cores.take(1), two = cores.take(2);
  EXPECT_EQ(one.cpus, (std::vector{4}));
  EXPECT_EQ(two.cpus, (std::vector{5, 6}));
  auto const shared = cores.take(1);
  EXPECT_EQ(shared.cpus, (std::vector{1, 2, 4, 5, 6}));
  cores.give_back(shared);
  EXPECT_FALSE(cores.take(1).alone) << "what was shared doesn't become free";
  cores.give_back(one);
  EXPECT_EQ(cores.take(1).cpus, (std::vector{4}));
}

TEST(HostCores, WithoutAnyJobsRunWhereverTheHostMay) {
  host::Cores cores({}, {});
  EXPECT_TRUE(cores.take(2).cpus.empty());
}

}  // namespace
}  // namespace godwit::test
