// The Standard Workload Format: what a line becomes, what is left out, and complaints that say where.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "simulate/trace.hpp"

namespace godwit::simulate {
namespace {

std::string line(int submit, int run, int processors, int requested, int user = 1, int group = 1) {
  return fmt::format("1 {} -1 {} {} -1 -1 {} {} -1 1 {} {} -1 -1 -1 -1 -1\n", submit, run, processors,
                     processors, requested, user, group);
}

std::string complaint(std::string const& text) {
  auto const trace = read_swf(text, "some.swf");
  EXPECT_FALSE(trace.ok());
  return trace ? "" : trace.failure().context;
}

TEST(Swf, IsNormalised) {
  auto const trace =
      read_swf("; a comment, MaxProcs: 64, and more\n\n" + line(100, 10, 4, 5) + line(90, 20, 100, 30) +
                   line(95, 0, 4, 5) + line(95, 5, 0, 5) + line(95, -1, 4, 5) + "\t" + line(100, 1, 1, 1, 2),
               "some.swf");
  ASSERT_TRUE(trace.ok()) << trace.failure().context;
  EXPECT_EQ(trace->processors, 64);
  EXPECT_EQ(trace->left_out, 3U);
  ASSERT_EQ(trace->jobs.size(), 3U);
  EXPECT_EQ(trace->jobs[0].submit, Instant{});  // the earliest, whatever line it stood in
  EXPECT_EQ(trace->jobs[0].cores, 64);
  EXPECT_EQ(trace->jobs[0].estimate, 30s);
  EXPECT_EQ(trace->jobs[1].submit, Instant{} + 10s);
  EXPECT_EQ(trace->jobs[1].estimate, 10s);  // not below what it ran
  EXPECT_EQ(trace->accounts, (std::vector<std::string>{"user1", "user2"}));
  EXPECT_EQ(trace->jobs[2].account, 1U);
}

TEST(Swf, AGivenMachineCountsMoreThanTheHeader) {
  auto const trace = read_swf("; MaxProcs: 64\n" + line(1, 10, 4, 5), "some.swf", 2);
  EXPECT_EQ(trace->jobs[0].cores, 2);
}

TEST(Swf, UsersGroupsAndUsersOfGroupsAreCharged) {
  auto const text = line(1, 1, 1, 1, 7, 2) + line(1, 1, 1, 1, 7, 3) + line(1, 1, 1, 1, -1, 3);
  EXPECT_EQ(read_swf(text, "", 0, Charged::user)->accounts, (std::vector<std::string>{"user7", "user?"}));
  EXPECT_EQ(read_swf(text, "", 0, Charged::group)->accounts, (std::vector<std::string>{"group2", "group3"}));
  EXPECT_EQ(read_swf(text, "", 0, Charged::group_user)->accounts,
            (std::vector<std::string>{"group2/user7", "group3/user7", "group3/user?"}));
}

TEST(Swf, AComplaintSaysLineColumnAndWhatIsExpected) {
  EXPECT_EQ(complaint(line(1, 1, 1, 1) + "2 5 -1 1x 1 -1 -1 1 1 -1 1 1 1 -1 -1 -1 -1 -1\n"),
            "some.swf, line 2: column 4 (run time) is '1x': a whole number is expected");
  EXPECT_EQ(complaint("; header\n1 5 -1 10\n"),
            "some.swf, line 2: column 5 (allocated processors) is missing: 18 numbers are expected");
  EXPECT_EQ(complaint("1 5 -1 1 1 -1 -1 1 1 -1 1 1 1 -1 -1 -1 -1 -1 0"),
            "some.swf, line 1: a 19th column: 18 are expected");
  EXPECT_EQ(complaint("1 5 -1 1 1 cpu -1 1 1 -1 1 1 1 -1 -1 -1 -1 -1"),
            "some.swf, line 1: column 6 (CPU time) is 'cpu': a number is expected");
  EXPECT_EQ(
      complaint("1 5 -1 5000000000 1 -1 -1 1 1 -1 1 1 1 -1 -1 -1 -1 -1"),
      "some.swf, line 1: column 4 (run time) is '5000000000': at most 4,000,000,000 seconds is expected");
  EXPECT_EQ(complaint("; MaxProcs: many\n"), "some.swf, line 1: MaxProcs: a whole number from 1 is expected");
}

TEST(Swf, FractionsAreFineWhereNobodyLooks) {
  EXPECT_TRUE(read_swf("1 5 -1 1 1 0.5 -1 1 1 -1 1 1 1 -1 -1 -1 -1 -1", "").ok());
}

TEST(Swf, AnEmptyFileHasNoJobs) {
  EXPECT_TRUE(read_swf("", "")->jobs.empty());
}

}  // namespace
}  // namespace godwit::simulate
