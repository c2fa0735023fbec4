// Shows that durations, sizes, pairs and names are read as the documentation spells them, and that
// anything else is refused rather than guessed at.
#include "app/workload/argument.hpp"

#include <gtest/gtest.h>

#include "app/workload/suggestion.hpp"

namespace godwit {
namespace {

TEST(Argument, ReadsDurations) {
  EXPECT_EQ(*parse_duration("90s"), 90s);
  EXPECT_EQ(*parse_duration("10min"), 10min);
  EXPECT_EQ(*parse_duration("1h30min"), 90min);
  EXPECT_EQ(*parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(*parse_duration("250ms"), 250ms);
  EXPECT_EQ(*parse_duration("never"), 0s);
}

TEST(Argument, RefusesWhatIsNoDuration) {
  for (auto const* text :
       {"", "10", "min", "-5s", "10 min", "5m", "1e400s", "9999999999d", "5s!", "nans", "infs"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Argument, ReadsSizes) {
  EXPECT_EQ(*parse_size("512MiB"), 512ULL << 20);
  EXPECT_EQ(*parse_size("2G"), 2ULL << 30);
  EXPECT_EQ(*parse_size("2GB"), 2'000'000'000ULL);
  EXPECT_EQ(*parse_size("1.5KiB"), 1536U);
  EXPECT_EQ(*parse_size("17B"), 17U);
}

TEST(Argument, RefusesWhatIsNoSize) {
  for (auto const* text : {"", "2", "GiB", "-1G", "2 GiB", "2GiB2", "1e9T", "2gib", "99999999999T"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Argument, SplitsAtTheFirstEqualsSign) {
  EXPECT_EQ(*parse_pair("pattern=a=b"), (std::pair<std::string, std::string>("pattern", "a=b")));
  EXPECT_EQ(parse_pair("empty=")->second, "");
  EXPECT_FALSE(parse_pair("rows"));
  EXPECT_FALSE(parse_pair("=3"));
}

TEST(Argument, KeepsNamesApartFromNumbersAndWordsThatMeanJobs) {
  for (auto const* good : {"plate", "_x", "a.b-c_9", "lasting"}) EXPECT_TRUE(check_name(good)) << good;
  for (auto const* bad : {"", "7", "7a", "all", "last", "a b", "a/b", "ä", "-a"})
    EXPECT_FALSE(check_name(bad)) << bad;
}

TEST(Suggestion, OffersTheNearestElseAll) {
  EXPECT_EQ(suggestion("tpye", {"args", "name", "type"}), "; did you mean 'type'?");
  EXPECT_EQ(suggestion("zebra", {"args", "name"}), "; known: args, name");
  EXPECT_EQ(suggestion("", {"args"}), "; known: args");
}

}  // namespace
}  // namespace godwit
