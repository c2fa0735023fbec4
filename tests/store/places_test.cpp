// Where the pages of an array lie, as runs: what is above hides what is below. Compared page by page with the
// plain way.
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "edge/hdf5/places.hpp"

namespace godwit {
namespace {

struct Spot {
  std::uint64_t file{0}, offset{0};
  bool operator==(Spot const&) const = default;
};

std::vector<Spot> spots(Places const& places, std::uint64_t pages) {
  std::vector<Spot> all(pages, {99, 0});
  for (auto const& place : places) {
    for (std::uint64_t i = 0; i < place.count; ++i) {
      all.at(place.first + i) = {place.file, place.offset + i * tracked_page_bytes};
    }
  }
  return all;
}

PageRuns some_runs(Random& random, std::uint64_t pages) {
  PageRuns runs;
  for (std::uint64_t at = random.below(5); at < pages;) {
    auto const count = std::min(1 + random.below(4), pages - at);
    runs.push_back({at, count});
    at += count + 1 + random.below(6);
  }
  return runs;
}

TEST(PlacesOfPages, TheNewestIsOnTop) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    auto const pages = 1 + random.below(60);
    Places places{{0, pages, 0, 8192}};
    auto expected = spots(places, pages);
    for (std::uint64_t file = 1; file <= 6; ++file) {
      auto const above = packed(some_runs(random, pages), file, file * 1'000'000);
      for (auto const& place : above) {
        for (std::uint64_t i = 0; i < place.count; ++i) {
          expected[place.first + i] = {file, place.offset + i * tracked_page_bytes};
        }
      }
      places = over(places, above);
      ASSERT_TRUE(cover(places, pages)) << "seed " << seed;
      ASSERT_EQ(spots(places, pages), expected) << "seed " << seed;
    }
  }
}

TEST(PlacesOfPages, CoverMeansEachOnce) {
  EXPECT_TRUE(cover({}, 0));
  EXPECT_TRUE(cover({{0, 2, 0, 0}, {2, 1, 1, 0}}, 3));
  EXPECT_FALSE(cover({{0, 2, 0, 0}}, 3));
  EXPECT_FALSE(cover({{1, 2, 0, 0}}, 3));
  EXPECT_FALSE(cover({{0, 2, 0, 0}, {1, 2, 0, 0}}, 3));
  EXPECT_FALSE(cover({{0, 0, 0, 0}, {0, 3, 0, 0}}, 3));
  EXPECT_FALSE(cover({{0, ~std::uint64_t{0}, 0, 0}}, 3));
}

TEST(PlacesOfPages, RunsAreUnited) {
  EXPECT_EQ(united({{1, 2}, {9, 1}}, {{0, 1}, {2, 3}, {8, 1}}), (PageRuns{{0, 5}, {8, 2}}));
  EXPECT_EQ(united({}, {{4, 4}}), (PageRuns{{4, 4}}));
}

TEST(PlacesOfPages, OfAnArrayTheyAreCountedFromItsFirst) {
  ArrayPlace const array{"a", Scalar::u8, {9000}, 10 * tracked_page_bytes, 9000};  // pages 10, 11, 12
  EXPECT_EQ(of_array({{0, 11}, {12, 9}}, array), (PageRuns{{0, 1}, {2, 1}}));
  EXPECT_EQ(of_array({{0, 10}, {13, 2}}, array), PageRuns{});
}

}  // namespace
}  // namespace godwit
