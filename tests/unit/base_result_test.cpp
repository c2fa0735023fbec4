// A Result is a value or a failure, and looking at the wrong one ends the program with a message.
#include "base/result.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace godwit {
namespace {

TEST(Result, HoldsAValueOrAFailure) {
  Result<int> const good = 7;
  Result<int> const bad = reject("no_such_job", "no such job: 9");
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(*good, 7);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.failure().code, "no_such_job");
  EXPECT_EQ(bad.failure().reaction, Reaction::reject);
}

TEST(Result, MovesItsValueOut) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  auto const taken = *std::move(result);
  EXPECT_EQ(*taken, 3);
}

TEST(ResultDeathTest, AbortsWhenMisread) {
  Result<int> const good = 7;
  Result<int> const bad = reject("x", "y");
  EXPECT_DEATH((void)good.failure(), "broken invariant");
  EXPECT_DEATH((void)*bad, "broken invariant");
}

TEST(Ids, AreOrderedAndPrintable) {
  EXPECT_LT(Epoch{1}, Epoch{1}.next());
  EXPECT_EQ(fmt::format("{}", JobId{42}), "42");
  EXPECT_EQ(fmt::format("{:>3}", no_rank), " -1");
}

TEST(Time, InstantsAndDurationsAdd) {
  auto const later = Instant{} + 5ms;
  EXPECT_EQ(later.boot_ns, 5'000'000);
  EXPECT_EQ(later - Instant{}, 5ms);
}

}  // namespace
}  // namespace godwit
