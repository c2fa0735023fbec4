#include <godwit/testing.hpp>
#include <gtest/gtest.h>

TEST(Primes, SurviveAMoveAtEveryStep) {
  godwit::testing::Trial primes("primes", {{"below", "100"}, {"output", "primes.txt"}});
  EXPECT_EQ(primes.moved_every_step(), primes.undisturbed());
}

TEST(Primes, SurviveTheLossOfTheirHost) {
  godwit::testing::Trial primes("primes", {{"below", "100"}, {"output", "primes.txt"}});
  EXPECT_EQ(primes.restarted_every(10), primes.undisturbed());
}

TEST(Primes, AreThoseBelowThirty) {
  godwit::testing::Trial primes("primes", {{"below", "30"}, {"output", "primes.txt"}});
  EXPECT_EQ(primes.undisturbed().files["primes.txt"], "2\n3\n5\n7\n11\n13\n17\n19\n23\n29\n");
}
