// Retention: what is kept by number, by time and under a quota, and what stays whatever is wished for, shown on drawn
// histories with incremental generations, orphans and pinned ones. And the lineage that files tell of.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "checkpoint/retention.hpp"

namespace godwit::checkpoint {
namespace {

ImageId id(std::uint64_t epoch, std::uint64_t generation) { return {Epoch{epoch}, Generation{generation}}; }

// Generations 1..n of one epoch, a minute and 100 bytes each.
std::vector<Stored> history(std::uint64_t n) {
  std::vector<Stored> all;
  for (std::uint64_t i = 1; i <= n; ++i) {
    all.push_back({id(1, i), 100, WallTime{static_cast<std::int64_t>(i) * 60'000'000'000}, {}, true, false});
  }
  return all;
}

std::set<std::uint64_t> left(std::vector<Stored> const& all, Retention const& retention, ImageId good) {
  std::set<std::uint64_t> numbers;
  for (auto const& one : all) numbers.insert(one.id.second.value);
  for (auto const& gone : superfluous(all, retention, good)) numbers.erase(gone.second.value);
  return numbers;
}
using Numbers = std::set<std::uint64_t>;

TEST(Retention, WithoutAWishAllIsKept) {
  EXPECT_TRUE(superfluous(history(9), {}, id(1, 9)).empty());
  EXPECT_TRUE(superfluous(history(9), {0, 5, 60s, 0}, id(1, 9)).empty()) << "nothing says that the others may go";
  EXPECT_TRUE(superfluous({}, {1, 0, {}, 0}, id(1, 9)).empty());
}

TEST(Retention, TheNewestAreKept) {
  EXPECT_EQ(left(history(9), {3, 0, {}, 0}, id(1, 9)), (Numbers{7, 8, 9}));
  EXPECT_EQ(left(history(2), {3, 0, {}, 0}, id(1, 2)), (Numbers{1, 2}));
}

TEST(Retention, TheyGoNewestFirst) {
  EXPECT_EQ(superfluous(history(4), {2, 0, {}, 0}, id(1, 4)), (std::vector{id(1, 2), id(1, 1)}));
}

TEST(Retention, EachNthAndTheFirstInEachTime) {
  EXPECT_EQ(left(history(12), {1, 5, {}, 0}, id(1, 12)), (Numbers{5, 10, 12}));
  EXPECT_EQ(left(history(12), {1, 0, 300s, 0}, id(1, 12)), (Numbers{1, 5, 10, 12}));
}

TEST(Retention, AQuotaTakesTheOldestFirst) {
  EXPECT_EQ(left(history(9), {0, 0, {}, 350}, id(1, 9)), (Numbers{7, 8, 9}));
  EXPECT_EQ(left(history(9), {5, 3, {}, 350}, id(1, 9)), (Numbers{7, 8, 9}));
  EXPECT_EQ(left(history(9), {0, 0, {}, 1}, id(1, 9)), (Numbers{9})) << "one that verifies is left, quota or not";
}

TEST(Retention, TheNewestThatVerifiesIsKeptBesideTheNewest) {
  EXPECT_EQ(left(history(9), {1, 0, {}, 0}, id(1, 6)), (Numbers{6, 7, 8, 9})) << "those that count are counted from it on";
  EXPECT_EQ(left(history(9), {2, 0, {}, 1}, id(1, 6)), (Numbers{6, 9}));
}

TEST(Retention, AncestorsStay) {
  auto all = history(6);
  all[4].rests_on = {id(1, 4)};
  all[3].rests_on = {id(1, 3)};
  EXPECT_EQ(left(all, {2, 0, {}, 0}, id(1, 6)), (Numbers{3, 4, 5, 6}));
  EXPECT_EQ(left(all, {2, 0, {}, 150}, id(1, 6)), (Numbers{6})) << "with what needed them they may go";
}

TEST(Retention, OrphansAndWhatIsNotKnownYet) {
  auto all = history(4);
  all.push_back({id(1, 9), 100, {}, {}, false, false});  // of a branch that never counted
  all.push_back({id(2, 5), 100, {}, {}, true, false});
  all.push_back({id(2, 6), 100, {}, {}, false, false});  // published, and not yet said
  auto const gone = superfluous(all, {2, 0, {}, 0}, id(2, 5));
  EXPECT_EQ(gone, (std::vector{id(1, 9), id(1, 3), id(1, 2), id(1, 1)}));
}

TEST(Retention, WhateverIsWishedForWhatIsNeededStays) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    std::mt19937_64 draw(seed);
    auto const below = [&](std::uint64_t n) { return draw() % n; };
    std::vector<Stored> all;
    std::vector<ImageId> lineage;
    std::uint64_t epoch = 1;
    auto const count = 1 + below(14);
    for (std::uint64_t generation = 1; generation <= count; ++generation) {
      if (below(4) == 0) ++epoch;
      Stored one{id(epoch, generation), 1 + below(100), WallTime{static_cast<std::int64_t>(generation * 7'000'000'000)},
                 {}, below(5) != 0, below(9) == 0};
      if (one.of_lineage && !lineage.empty() && below(2) == 0) one.rests_on = {lineage.back()};
      if (one.of_lineage) lineage.push_back(one.id);
      all.push_back(one);
    }
    if (lineage.empty()) continue;
    auto const good = lineage[below(lineage.size())];
    Retention const wish{static_cast<std::int32_t>(below(4)), static_cast<std::int32_t>(below(4)), Duration(below(3) * 20s),
                         below(2) == 0 ? 0 : below(400)};
    auto const gone = superfluous(all, wish, good);
    std::set<ImageId> const removed(gone.begin(), gone.end());
    EXPECT_EQ(removed.size(), gone.size());
    EXPECT_TRUE(std::ranges::is_sorted(gone, std::greater{})) << seed;
    EXPECT_FALSE(removed.contains(good)) << seed;
    EXPECT_FALSE(removed.contains(lineage.back())) << seed;
    std::vector<Stored> rest;
    for (auto const& one : all) {
      if (removed.contains(one.id)) {
        EXPECT_FALSE(one.pinned) << seed;
        EXPECT_LT(one.id, lineage.back()) << seed;
        continue;
      }
      for (auto const& ancestor : one.rests_on) EXPECT_FALSE(removed.contains(ancestor)) << seed << ": a broken chain";
      rest.push_back(one);
    }
    EXPECT_TRUE(superfluous(rest, wish, good).empty()) << seed << ": done twice it is done";
    // Killed in the middle: what is left of those to go is what they would be again, and no chain is broken.
    auto half = all;
    std::set<ImageId> const first(gone.begin(), gone.begin() + static_cast<std::ptrdiff_t>(gone.size() / 2));
    std::erase_if(half, [&](Stored const& one) { return first.contains(one.id); });
    for (auto const& one : half) {
      for (auto const& ancestor : one.rests_on) EXPECT_FALSE(first.contains(ancestor)) << seed;
    }
    for (auto const& one : superfluous(half, wish, good)) EXPECT_TRUE(removed.contains(one)) << seed;
  }
}

TEST(Lineage, OfOneEpochIsAllThereIs) {
  EXPECT_EQ(lineage_of({{id(1, 1), {}}, {id(1, 3), id(1, 2)}}), (std::vector{id(1, 3), id(1, 1)})) << "one was pruned";
  EXPECT_TRUE(lineage_of({}).empty());
}

TEST(Lineage, WhatTheNextEpochDidNotGoOnFromIsAnOrphan) {
  // Epoch 2 went on from 1-2; 1-3 and 1-4 are what a zombie wrote, or what didn't verify then.
  EXPECT_EQ(lineage_of({{id(1, 1), {}},
                        {id(1, 2), id(1, 1)},
                        {id(1, 3), id(1, 2)},
                        {id(1, 4), id(1, 3)},
                        {id(2, 5), id(1, 2)},
                        {id(3, 6), id(2, 5)}}),
            (std::vector{id(3, 6), id(2, 5), id(1, 2), id(1, 1)}));
}

TEST(Lineage, OfAnEpochThatBeganAfreshNothingOlderCountsThatHasItsNumbers) {
  EXPECT_EQ(lineage_of({{id(1, 1), {}}, {id(1, 2), id(1, 1)}, {id(2, 1), {}}}), (std::vector{id(2, 1)}));
}

}  // namespace
}  // namespace godwit::checkpoint
