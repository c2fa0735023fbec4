// Shows that the checker of witnesses finds two runners, lost and doubled steps, and lets good runs pass: a
// checker that can't fail would prove nothing elsewhere.
#include "support/witness.hpp"

#include <gtest/gtest.h>

namespace godwit::testing {
namespace {

Testimony run(std::uint64_t epoch, std::uint64_t first, std::uint64_t last, std::int64_t begin,
              std::int64_t end, std::string runner) {
  return {"1", epoch, first, last, begin, end, std::move(runner)};
}

TEST(Witness, AMovedJobIsFine) {
  EXPECT_TRUE(
      check_witness({run(1, 1, 5, 100, 200, "a"), run(2, 6, 5, 250, 250, "b"), run(2, 6, 9, 260, 300, "b")},
                    Repeats::forbidden)
          .empty());
}

TEST(Witness, TwoRunnersAtOnceAreFound) {
  EXPECT_FALSE(
      check_witness({run(1, 1, 5, 100, 200, "a"), run(2, 6, 9, 199, 300, "b")}, Repeats::allowed).empty());
  EXPECT_FALSE(
      check_witness({run(1, 1, 9, 100, 900, "a"), run(1, 3, 3, 200, 210, "a"), run(2, 6, 9, 300, 310, "b")},
                    Repeats::allowed)
          .empty());
}

TEST(Witness, OneEpochHasOneRunner) {
  EXPECT_FALSE(
      check_witness({run(1, 1, 5, 100, 200, "a"), run(1, 6, 9, 300, 400, "b")}, Repeats::allowed).empty());
}

TEST(Witness, AnOlderEpochMayNotRunLater) {
  EXPECT_FALSE(
      check_witness({run(2, 1, 5, 100, 200, "a"), run(1, 6, 9, 300, 400, "b")}, Repeats::allowed).empty());
}

TEST(Witness, LostStepsAreFound) {
  EXPECT_FALSE(
      check_witness({run(1, 1, 5, 100, 200, "a"), run(2, 7, 9, 300, 400, "b")}, Repeats::allowed).empty());
}

TEST(Witness, StepsDoneAgainAreFoundOnlyWhenAskedFor) {
  std::vector const runs{run(1, 1, 5, 100, 200, "a"), run(2, 4, 9, 300, 400, "b")};
  EXPECT_TRUE(check_witness(runs, Repeats::allowed).empty());
  EXPECT_FALSE(check_witness(runs, Repeats::forbidden).empty());
}

}  // namespace
}  // namespace godwit::testing
