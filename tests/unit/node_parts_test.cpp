// The parts of the loop that no machine may get around: timers fire once and in order; what waits for
// the journal leaves when it is durable, in the order in which it was said, and never once it is broken.
#include <gtest/gtest.h>

#include "node/outbox.hpp"
#include "node/timers.hpp"

namespace godwit {
namespace {

constexpr RequestId one{1}, two{2}, three{3};

TEST(Timers, FireInTheOrderOfTheirInstants) {
  Timers timers;
  EXPECT_EQ(timers.next(), Instant{});
  timers.arm(one, Instant{300});
  timers.arm(two, Instant{100});
  timers.arm(three, Instant{200});
  EXPECT_EQ(timers.next(), Instant{100});
  EXPECT_EQ(timers.take_due(Instant{99}), std::nullopt);
  EXPECT_EQ(timers.take_due(Instant{250}), two);
  EXPECT_EQ(timers.take_due(Instant{250}), three);
  EXPECT_EQ(timers.take_due(Instant{250}), std::nullopt);
  EXPECT_EQ(timers.take_due(Instant{300}), one);
  EXPECT_EQ(timers.next(), Instant{});
}

TEST(Timers, ArmingAgainMovesAndAnEmptyInstantDisarms) {
  Timers timers;
  timers.arm(one, Instant{100});
  timers.arm(one, Instant{500});
  EXPECT_EQ(timers.take_due(Instant{400}), std::nullopt);
  timers.arm(one, Instant{});
  EXPECT_EQ(timers.take_due(Instant{1000}), std::nullopt);
  timers.arm(two, Instant{});  // never armed
  EXPECT_EQ(timers.next(), Instant{});
}

Outbox::Item send(std::int32_t to) {
  return allocator::Send{Rank{to}, msg::Leave{}, false};
}
std::int32_t to(Outbox::Item const& item) {
  return std::get<allocator::Send>(item).to.value;
}

TEST(Outbox, WithoutAnAppendNothingWaits) {
  Outbox outbox;
  outbox.put(send(1));
  ASSERT_TRUE(outbox.ready(true));
  EXPECT_EQ(to(outbox.take()), 1);
  EXPECT_FALSE(outbox.ready(true));
}

TEST(Outbox, WhatWasSaidAfterAnAppendWaitsForIt) {
  Outbox outbox;
  outbox.put(send(1));
  outbox.appended(1);
  outbox.put(send(2));
  outbox.appended(2);
  outbox.put(send(3));
  EXPECT_EQ(to(outbox.take()), 1);
  EXPECT_FALSE(outbox.ready(true));
  outbox.durable(1);
  EXPECT_EQ(to(outbox.take()), 2);
  EXPECT_FALSE(outbox.ready(true));
  outbox.durable(2);
  EXPECT_EQ(to(outbox.take()), 3);
  EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, NothingThatWaitedLeavesOnceTheJournalIsBroken) {
  Outbox outbox;
  outbox.appended(1);
  outbox.put(send(1));
  outbox.put(allocator::Reply{CommandId{7}, cmd::Pong{}});
  outbox.close(retry_later("journal_broken", "the disk is gone"));
  ASSERT_TRUE(outbox.ready(false)) << "whoever is refused needn't wait for authority";
  auto const instead = std::get<allocator::Reply>(outbox.take());  // of Pong
  EXPECT_EQ(instead.command, CommandId{7});
  EXPECT_EQ(std::get<cmd::Refusal>(instead.answer).why.code, "journal_broken");
  EXPECT_TRUE(outbox.empty());
  outbox.put(send(2));  // claims something that isn't durable
  EXPECT_TRUE(outbox.empty());
  outbox.put(allocator::Reply{CommandId{8}, cmd::Refusal{}});
  outbox.put(allocator::Exit{3});
  ASSERT_TRUE(outbox.ready(true));
  EXPECT_EQ(std::get<allocator::Reply>(outbox.take()).command, CommandId{8});
  EXPECT_EQ(std::get<allocator::Exit>(outbox.take()).code, 3);
}

TEST(Outbox, WithoutAuthorityWhatIsDurableWaitsToo) {
  Outbox outbox;
  outbox.put(send(1));
  outbox.appended(1);
  outbox.put(allocator::Confirm{1});
  outbox.durable(1);
  EXPECT_FALSE(outbox.ready(false));
  ASSERT_TRUE(outbox.ready(true));
  EXPECT_EQ(to(outbox.take()), 1);
  EXPECT_FALSE(outbox.ready(false));
  outbox.close(retry_later("deposed", "another leads"));
  EXPECT_TRUE(outbox.empty()) << "a change of the electorate is never confirmed then";
}

}  // namespace
}  // namespace godwit
