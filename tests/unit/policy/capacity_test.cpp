// What fits into a host's room, and what is said where something doesn't.
#include "policy/capacity.hpp"

#include <gtest/gtest.h>

namespace godwit::policy {
namespace {

constexpr std::uint64_t gib = 1u << 30;

Capabilities whole() {
  return {
      .cores = 8, .memory_bytes = 16 * gib, .resources = {{"gpu", {"0", "1"}}}, .labels = {"fast", "ssd"}};
}

TEST(Room, TakesAndGivesBack) {
  Room room(whole());
  Demand const demand{.cores = 3, .memory_bytes = 10 * gib, .resources = {{"gpu", 1}}, .labels = {"ssd"}};
  ASSERT_TRUE(room.fits(demand));
  room.take(demand);
  EXPECT_EQ(room.free_cores(), 5);
  EXPECT_EQ(room.taken_cores(), 3);
  EXPECT_EQ(room.jobs(), 1);
  EXPECT_FALSE(room.fits(demand));
  room.give_back(demand);
  EXPECT_TRUE(room.fits(demand));
  EXPECT_EQ(room.jobs(), 0);
}

TEST(Room, SaysWhatItNeverHas) {
  Room const room(whole());
  EXPECT_EQ(room.never({.cores = 8}), std::nullopt);
  EXPECT_EQ(room.never({.cores = 9}), "has 8 cores");
  EXPECT_EQ(room.never({.memory_bytes = 17 * gib}), "has 16.0 GiB of memory");
  EXPECT_EQ(room.never({.resources = {{"gpu", 3}}}), "has 2 gpu");
  EXPECT_EQ(room.never({.resources = {{"licence", 1}}}), "has 0 licence");
  EXPECT_EQ(room.never({.labels = {"big", "fast"}}), "lacks the label big");
  EXPECT_EQ(room.never({.labels = {"fast", "ssd"}}), std::nullopt);
}

TEST(Room, SaysWhatItHasNotNow) {
  Room room(whole());
  room.take({.cores = 5, .memory_bytes = 15 * gib, .resources = {{"gpu", 2}}, .apart = "db"});
  EXPECT_EQ(room.not_now({.cores = 3}), std::nullopt);
  EXPECT_EQ(room.not_now({.cores = 4}), "3 of 8 cores are free");
  EXPECT_EQ(room.not_now({.cores = 9}), "has 8 cores");
  EXPECT_EQ(room.not_now({.memory_bytes = 2 * gib}), "1.0 GiB of 16.0 GiB of memory are free");
  EXPECT_EQ(room.not_now({.resources = {{"gpu", 1}}}), "0 of 2 gpu are free");
  EXPECT_EQ(room.not_now({.apart = "db"}), "a job of the group db is there");
  for (auto const& demand :
       {Demand{.cores = 4}, Demand{.memory_bytes = 2 * gib}, Demand{.resources = {{"gpu", 1}}},
        Demand{.apart = "db"}, Demand{.labels = {"big"}}}) {
    EXPECT_FALSE(room.fits(demand));
  }
}

TEST(Room, OfUnknownMemoryAnyDemandFits) {
  Room room({.cores = 2});
  room.take({.memory_bytes = 100 * gib});
  EXPECT_TRUE(room.fits({.memory_bytes = 100 * gib}));
}

TEST(Room, CanBeAskedAhead) {
  Room room({.cores = 2});
  room.take({.cores = 2});
  EXPECT_FALSE(room.fits({.cores = 1}));
  EXPECT_TRUE(room.fits({.cores = 1}, 1));
  EXPECT_FALSE(room.fits({.cores = 2}, 1));
}

TEST(Room, MayHaveLessThanIsTaken) {
  Room room(whole());
  Demand const cores{.cores = 6}, memory{.cores = 0, .memory_bytes = 12 * gib};
  room.take(cores);
  room.take(memory);
  room.replace({.cores = 4, .memory_bytes = 8 * gib});
  EXPECT_EQ(room.free_cores(), -2);
  EXPECT_EQ(room.not_now({.cores = 1}), "0 of 4 cores are free");
  room.give_back(cores);
  EXPECT_EQ(room.not_now({.cores = 1, .memory_bytes = 1}), "0 B of 8.0 GiB of memory are free");
  EXPECT_FALSE(room.fits({.memory_bytes = 1}));
  room.give_back(memory);
  EXPECT_TRUE(room.fits({.cores = 4, .memory_bytes = 8 * gib}));
}

TEST(Room, KnowsItsGroups) {
  Room room({.cores = 4});
  room.take({.together = "a"});
  room.take({.together = "a"});
  EXPECT_TRUE(room.holds_group("a"));
  room.give_back({.together = "a"});
  EXPECT_TRUE(room.holds_group("a"));
  room.give_back({.together = "a"});
  EXPECT_FALSE(room.holds_group("a"));
}

}  // namespace
}  // namespace godwit::policy
