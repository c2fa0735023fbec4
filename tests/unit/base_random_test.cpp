// The generator is xoshiro256**: its sequence is part of images, so it may never change.
#include "base/random.hpp"

#include <gtest/gtest.h>

namespace godwit {
namespace {

TEST(Random, IsXoshiro256StarStar) {
  Random random(Random::Words{1, 2, 3, 4});  // the reference implementation's first outputs
  EXPECT_EQ(random(), 11520U);
  EXPECT_EQ(random(), 0U);
  EXPECT_EQ(random(), 1509978240U);
  EXPECT_EQ(random(), 1215971899390074240U);
}

TEST(Random, GoesOnFromItsWords) {
  Random first(7);
  for (int i = 0; i < 100; ++i) first();
  Random second(first.words());
  for (int i = 0; i < 100; ++i) ASSERT_EQ(first(), second());
}

TEST(Random, StaysBelowItsBound) {
  Random random(1);
  std::array<int, 5> seen{};
  for (int i = 0; i < 5000; ++i) ++seen.at(random.below(5));
  for (auto const count : seen) EXPECT_GT(count, 800);
  for (int i = 0; i < 1000; ++i) {
    auto const x = random.uniform();
    ASSERT_GE(x, 0.0);
    ASSERT_LT(x, 1.0);
  }
}

}  // namespace
}  // namespace godwit
