// What runtime/port/rounds.hpp promises, a case for each sentence.
#include "contract/rounds.hpp"

#include <algorithm>
#include <chrono>

namespace godwit::contract {

namespace {

Bytes filled(std::size_t size, unsigned seed) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((i * 31 + seed * 7 + i / 251) % 256);
  return bytes;
}

}  // namespace

template <class E>
E RoundsContract::expect(RequestId round) {
  auto& events = heard_[round];
  for (auto const deadline = std::chrono::steady_clock::now() + patience; events.empty();) {
    for (auto& event : rounds.poll()) {
      heard_[std::visit([](auto const& one) { return one.round; }, event)].push_back(std::move(event));
    }
    if (!events.empty()) break;
    if (std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << "nothing was heard of round " << round.value;
      return {};
    }
    rig->let_pass();
  }
  auto event = std::move(events.front());
  events.erase(events.begin());
  auto* const one = std::get_if<E>(&event);
  EXPECT_NE(one, nullptr) << "another answer";
  return one != nullptr ? std::move(*one) : E{};
}

rounds::Gathered RoundsContract::gathered(RequestId round, Bytes const& arena) {
  rounds.gather(round, arena, nullptr, true);
  return expect<rounds::Gathered>(round);
}

Bytes RoundsContract::memory_of(RequestId round) {
  auto const memory = rounds.memory(round);
  return {memory.begin(), memory.end()};
}

TEST_P(RoundsContract, AWholeRoundIsTheArenaAsItWasThen) {
  auto arena = filled(100'000, 1);
  auto const before = arena;
  auto const event = gathered(RequestId{1}, arena);
  EXPECT_FALSE(event.no_room);
  ASSERT_EQ(event.ranges.size(), 1U);
  EXPECT_EQ(event.ranges[0].offset, 0U);
  EXPECT_EQ(event.ranges[0].bytes, arena.size());
  std::ranges::fill(arena, std::byte{0});
  EXPECT_EQ(memory_of(RequestId{1}), before) << "the job writes on, the round stays";
  rounds.release(RequestId{1});
}

TEST_P(RoundsContract, AnEmptyArenaMakesAnEmptyRound) {
  auto const event = gathered(RequestId{1}, {});
  EXPECT_FALSE(event.no_room);
  EXPECT_TRUE(event.ranges.empty());
  EXPECT_TRUE(rounds.memory(RequestId{1}).empty());
  rounds.release(RequestId{1});
}

TEST_P(RoundsContract, RoundsAreApart) {
  auto const one = filled(5000, 1), other = filled(7000, 2);
  gathered(RequestId{1}, one);
  gathered(RequestId{2}, other);
  EXPECT_EQ(memory_of(RequestId{1}), one);
  rounds.release(RequestId{1});
  EXPECT_EQ(memory_of(RequestId{2}), other);
  gathered(RequestId{3}, one);
  EXPECT_EQ(memory_of(RequestId{2}), other);
  for (auto const round : {RequestId{2}, RequestId{3}}) rounds.release(round);
}

TEST_P(RoundsContract, WhatIsHeldIsScatteredToItsRanges) {
  auto const pages = filled(3000, 3);
  auto const memory = rounds.hold(RequestId{1}, pages.size());
  ASSERT_EQ(memory.size(), pages.size());
  std::ranges::copy(pages, memory.begin());
  EXPECT_EQ(memory_of(RequestId{1}), pages);
  auto arena = filled(20'000, 4);
  auto expected = arena;
  std::copy_n(pages.begin(), 1000, expected.begin() + 8192);
  std::copy_n(pages.begin() + 1000, 2000, expected.begin() + 16'384);
  rounds.scatter(RequestId{1}, {{8192, 1000}, {16'384, 2000}}, arena);
  expect<rounds::Scattered>(RequestId{1});
  EXPECT_EQ(arena, expected);
  rounds.release(RequestId{1});
}

TEST_P(RoundsContract, NothingMayBeHeldAndScattered) {
  EXPECT_TRUE(rounds.hold(RequestId{1}, 0).empty());
  auto arena = filled(100, 1);
  auto const before = arena;
  rounds.scatter(RequestId{1}, {}, arena);
  expect<rounds::Scattered>(RequestId{1});
  EXPECT_EQ(arena, before);
  rounds.release(RequestId{1});
}

TEST_P(RoundsContract, WhatHasNoRoomIsSaidAndIsRoomAgainOnceReleased) {
  auto const most = filled(most_gathered - 4096, 5), some = filled(8192, 6);
  gathered(RequestId{1}, most);
  EXPECT_TRUE(gathered(RequestId{2}, some).no_room);
  EXPECT_EQ(memory_of(RequestId{1}), most);
  rounds.release(RequestId{1});
  EXPECT_FALSE(gathered(RequestId{3}, some).no_room);
  EXPECT_EQ(memory_of(RequestId{3}), some);
  rounds.release(RequestId{3});
}

TEST_P(RoundsContract, AbandonedMemoryIsNobodyElsesEver) {
  auto const lost = rounds.hold(RequestId{1}, 50'000);
  std::ranges::fill(lost, std::byte{1});
  rounds.abandon(RequestId{1});
  for (std::uint64_t i = 2; i < 6; ++i) {
    auto const fresh = rounds.hold(RequestId{i}, 50'000);
    EXPECT_TRUE(fresh.data() >= lost.data() + lost.size() || fresh.data() + fresh.size() <= lost.data());
    std::ranges::fill(fresh, std::byte{2});
  }
  EXPECT_TRUE(std::ranges::all_of(lost, [](std::byte one) { return one == std::byte{1}; })) << "MPI may write there still";
  for (std::uint64_t i = 2; i < 6; ++i) rounds.release(RequestId{i});
}

TEST_P(RoundsContract, AnAbandonedRoundLeavesItsRoom) {
  gathered(RequestId{1}, filled(most_gathered, 1));
  rounds.abandon(RequestId{1});
  EXPECT_FALSE(gathered(RequestId{2}, filled(most_gathered, 2)).no_room);
  rounds.release(RequestId{2});
}

}  // namespace godwit::contract
