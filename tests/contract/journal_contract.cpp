// What runtime/port/journal.hpp promises, a case for each sentence.
#include "contract/journal.hpp"

#include <chrono>

#include "base/random.hpp"

namespace godwit::contract {

namespace {

// Of every size; each tells its number.
Bytes record(std::uint64_t number) {
  auto bytes = to_bytes("record " + std::to_string(number));
  if (number % 50 == 0) bytes.resize(100'000);
  return bytes;
}

}  // namespace

bool JournalContract::until(std::function<bool()> const& holds) {
  for (auto const deadline = std::chrono::steady_clock::now() + patience;;) {
    if (holds()) return true;
    if (!rig->let_pass() || std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << "it never comes to be";
      return false;
    }
  }
}

bool JournalContract::until_durable(JournalPosition position) {
  return until([&] {
           auto const durable = rig->journal().durable();
           return !durable || *durable >= position;
         }) &&
         rig->journal().durable().ok();
}

TEST_P(JournalContract, NothingIsDurableAtFirst) {
  auto const durable = rig->journal().durable();
  ASSERT_TRUE(durable);
  EXPECT_EQ(*durable, 0U);
  EXPECT_TRUE(rig->survivors().empty());
}

TEST_P(JournalContract, PositionsCountAppendsFromOne) {
  for (JournalPosition position = 1; position <= 200; ++position) {
    EXPECT_EQ(rig->journal().append(record(position)), position);
  }
}

TEST_P(JournalContract, AppendsBecomeDurableWithoutBeingAskedFurther) {
  for (std::uint64_t number = 1; number <= 10; ++number) rig->journal().append(record(number));
  EXPECT_TRUE(until_durable(10));
  auto const survivors = rig->survivors();
  ASSERT_EQ(survivors.size(), 10U);
  for (std::uint64_t number = 1; number <= 10; ++number) EXPECT_EQ(survivors[number - 1], record(number));
}

TEST_P(JournalContract, WhatIsDurableOnlyGrowsAndNeverPassesWhatWasAppended) {
  JournalPosition last = 0;
  for (JournalPosition position = 1; position <= 300; ++position) {
    rig->journal().append(record(position));
    if (position % 7 == 0) rig->let_pass();
    auto const durable = rig->journal().durable();
    ASSERT_TRUE(durable);
    EXPECT_GE(*durable, last);
    EXPECT_LE(*durable, position);
    last = *durable;
  }
  EXPECT_TRUE(until_durable(300));
}

// Whenever everything stops: all that was said to be durable is there, and what is there is a beginning of it
// all.
TEST_P(JournalContract, WhatSurvivesIsABeginningThatHoldsWhatWasDurable) {
  for (JournalPosition position = 1; position <= 200; ++position) {
    rig->journal().append(record(position));
    if (position % 3 == 0) rig->let_pass();
    if (position % 10 != 0) continue;
    auto const durable = rig->journal().durable();
    ASSERT_TRUE(durable);
    auto const survivors = rig->survivors();
    ASSERT_GE(survivors.size(), *durable);
    ASSERT_LE(survivors.size(), position);
    for (std::size_t at = 0; at < survivors.size(); ++at) ASSERT_EQ(survivors[at], record(at + 1));
  }
}

TEST_P(JournalContract, AFailureIsFinalAndNothingAfterItIsEverDurable) {
  for (std::uint64_t number = 1; number <= 5; ++number) rig->journal().append(record(number));
  ASSERT_TRUE(until_durable(5));
  rig->break_disk();
  for (std::uint64_t number = 6; number <= 10; ++number) rig->journal().append(Bytes(5000));
  ASSERT_TRUE(until([&] { return !rig->journal().durable().ok(); }));
  auto const why = rig->journal().durable().failure();
  EXPECT_NE(why.context, "");
  EXPECT_GT(rig->journal().append(record(11)), 10U);
  for (int i = 0; i < 5; ++i) {
    rig->let_pass();
    EXPECT_FALSE(rig->journal().durable().ok());
  }
  EXPECT_EQ(rig->journal().durable().failure().code, why.code);
  auto const survivors = rig->survivors();
  ASSERT_EQ(survivors.size(), 5U);
  for (std::uint64_t number = 1; number <= 5; ++number) EXPECT_EQ(survivors[number - 1], record(number));
}

}  // namespace godwit::contract
