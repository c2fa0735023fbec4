// Table, IndexedMap and RankSet do as std::map and std::set do, whatever is put in and taken out, in any order; copies
// and what was moved from them stand by themselves.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "base/indexed_map.hpp"
#include "base/random.hpp"
#include "base/rank_set.hpp"

namespace godwit {
namespace {

// Few numbers and few elements: many meet in one place.
JobId some_job(Random& random) {
  return JobId::of_element(1 + static_cast<std::uint32_t>(random.below(40)), static_cast<std::uint32_t>(random.below(4)));
}

TEST(Table, DoesAsAMapDoes) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Random random(seed);
    JobTable<std::uint64_t> table;
    std::map<JobId, std::uint64_t> model;
    for (std::uint64_t i = 0; i < 400; ++i) {
      auto const job = some_job(random);
      if (random.below(2) == 0) {
        table[job] = model[job] = i;
      } else {
        ASSERT_EQ(table.erase(job), model.erase(job) > 0);
      }
      ASSERT_EQ(table.size(), model.size());
      std::vector<JobId> keys;
      for (auto const& [known, value] : model) keys.push_back(known);
      ASSERT_EQ(table.keys(), keys);
      for (std::uint32_t number = 1; number <= 40; ++number) {
        for (std::uint32_t element = 0; element < 4; ++element) {
          auto const one = JobId::of_element(number, element);
          auto const known = model.find(one);
          auto const* const found = table.find(one);
          ASSERT_EQ(found != table.end(), known != model.end()) << "seed " << seed;
          if (known != model.end()) {
            ASSERT_EQ(table.at(one), known->second);
          }
        }
      }
    }
  }
}

TEST(Table, HasNothingForNoId) {
  RankTable<int> table;
  EXPECT_EQ(table.find(no_rank), table.end());
  table[Rank{0}] = 7;
  EXPECT_EQ(table.find(no_rank), table.end());
  EXPECT_EQ(table.find(Rank{0})->second, 7);
  table.clear();
  EXPECT_FALSE(table.contains(Rank{0}));
  EXPECT_DEATH(table[no_rank] = 1, "no id");
  EXPECT_DEATH(static_cast<void>(table.at(Rank{0})), "is there");
}

TEST(Table, IsEmptyOnceItWasMoved) {
  JobTable<int> table;
  table[JobId{3}] = 7;
  auto const other = std::move(table);
  EXPECT_EQ(other.find(JobId{3})->second, 7);
  EXPECT_EQ(table.size(), 0U);  // NOLINT(bugprone-use-after-move)
  table[JobId{4}] = 8;
  EXPECT_EQ(table.size(), 1U);
  EXPECT_FALSE(table.contains(JobId{3}));
}

TEST(IndexedMap, FindsWhatAMapDoesAndIsInItsOrder) {
  Random random(1);
  JobMap<std::uint64_t> indexed;
  std::map<JobId, std::uint64_t> model;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    auto const job = some_job(random);
    if (random.below(2) == 0) {
      ASSERT_EQ(indexed.try_emplace(job, i).second, model.try_emplace(job, i).second);
    } else {
      ASSERT_EQ(indexed.erase(job), model.erase(job) > 0);
    }
    ASSERT_EQ(indexed.contains(job), model.contains(job));
    ASSERT_EQ(indexed.map(), model);
  }
  for (auto const& [job, value] : model) ASSERT_EQ(indexed.at(job), value);
}

TEST(IndexedMap, CopiesStandByThemselves) {
  JobMap<int> first;
  first[JobId{1}] = 1;
  auto second = first;
  EXPECT_EQ(first, second);
  second.at(JobId{1}) = 2;
  second.erase(JobId{1});
  second[JobId{2}] = 3;
  EXPECT_EQ(first.at(JobId{1}), 1);
  EXPECT_FALSE(first.contains(JobId{2}));
  first = second;
  EXPECT_FALSE(first.contains(JobId{1}));
  EXPECT_EQ(first.at(JobId{2}), 3);
  auto const third = std::move(first);
  EXPECT_EQ(third.at(JobId{2}), 3);
  EXPECT_DEATH(static_cast<void>(third.at(JobId{1})), "is there");
}

TEST(RankSet, DoesAsASetDoes) {
  Random random(1);
  RankSet set;
  std::set<Rank> model;
  EXPECT_FALSE(set.contains(no_rank));
  for (int i = 0; i < 4000; ++i) {
    Rank const rank{static_cast<std::int32_t>(random.below(i < 2000 ? 200 : 100'000))};
    if (random.below(3) > 0) {
      ASSERT_EQ(set.insert(rank), model.insert(rank).second);
    } else {
      ASSERT_EQ(set.erase(rank), model.erase(rank) > 0);
    }
    ASSERT_EQ(set.contains(rank), model.contains(rank));
    ASSERT_EQ(set.size(), model.size());
    if (i % 100 != 0) continue;
    std::vector<Rank> in_order;
    for (auto const one : set) in_order.push_back(one);
    ASSERT_EQ(in_order, std::vector(model.begin(), model.end()));
  }
  for (auto const rank : std::vector(model.begin(), model.end())) set.erase(rank);
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.begin(), set.end());
}

}  // namespace
}  // namespace godwit
