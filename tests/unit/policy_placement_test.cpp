// Placement: fewest jobs relative to slots, then the lowest rank.
#include "policy/placement.hpp"

#include <gtest/gtest.h>

#include <array>

namespace godwit::policy {
namespace {

TEST(PlaceJob, TakesTheLeastLoadedThenTheLowestRank) {
  std::array<HostLoad, 3> const equal{{{Rank{3}, 2, 0}, {Rank{1}, 2, 0}, {Rank{2}, 2, 0}}};
  EXPECT_EQ(place_job(equal), Rank{1});
  std::array<HostLoad, 2> const relative{{{Rank{1}, 2, 1}, {Rank{2}, 8, 3}}};  // a half against three eighths
  EXPECT_EQ(place_job(relative), Rank{2});
}

TEST(PlaceJob, NeverTakesAFullHost) {
  std::array<HostLoad, 2> const hosts{{{Rank{1}, 1, 1}, {Rank{2}, 4, 3}}};
  EXPECT_EQ(place_job(hosts), Rank{2});
  std::array<HostLoad, 2> const full{{{Rank{1}, 1, 1}, {Rank{2}, 0, 0}}};
  EXPECT_EQ(place_job(full), std::nullopt);
  EXPECT_EQ(place_job({}), std::nullopt);
}

TEST(PlaceMove, LeavesTheSourceEvenForAFullHost) {
  std::array<HostLoad, 3> const hosts{{{Rank{1}, 4, 0}, {Rank{2}, 1, 2}, {Rank{3}, 1, 1}}};
  EXPECT_EQ(place_move(hosts, Rank{1}), Rank{3});
  EXPECT_EQ(place_move(hosts, Rank{3}), Rank{1});
  std::array<HostLoad, 1> const alone{{{Rank{1}, 4, 0}}};
  EXPECT_EQ(place_move(alone, Rank{1}), std::nullopt);
}

}  // namespace
}  // namespace godwit::policy
