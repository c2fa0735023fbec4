// Shows that durations, sizes, pairs and names are read as the documentation spells them, and that
// anything else is refused rather than guessed at.
#include "app/workload/argument.hpp"

#include <gtest/gtest.h>

#include "app/workload/axes.hpp"
#include "app/workload/capability.hpp"
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

std::string axis_text(std::string const& word) {
  auto const axis = parse_axis(word);
  if (!axis) return axis.failure().context;
  std::string text = axis->name + ":";
  for (std::uint64_t i = 0; i < axis->size(); ++i) text += " " + axis->value(i);
  return text;
}

TEST(Axes, ReadsWhatBatchUsersType) {
  std::pair<char const*, char const*> const cases[]{
      {"1-4", "index: 1 2 3 4"},
      {"1..4", "index: 1 2 3 4"},
      {"1-9:4", "index: 1 5 9"},
      {"0..10..5", "index: 0 5 10"},
      {"3..1..-1", "index: 3 2 1"},
      {"5", "index: 5"},
      {"1,3,7-9", "index: 1 3 7 8 9"},
      {"seed=1..3", "seed: 1 2 3"},
      {"size=s,m,l", "size: s m l"},
      {"a=x-1,y", "a: x-1 y"},
      {"seed=-1..1", "seed: -1 0 1"},
      {"a=b=c", "a: b=c"},
      {"7..7", "index: 7"},
      {"0..9..4", "index: 0 4 8"},
      {"alpha=0.1,0.2", "alpha: 0.1 0.2"},
  };
  for (auto const& [word, text] : cases) EXPECT_EQ(axis_text(word), text) << word;
}

TEST(Axes, RefusesWhatIsNoArray) {
  for (auto const* word : {"",
                           "=1",
                           "1..",
                           "..4",
                           "a..b",
                           "1..2..x",
                           "1..9..0",
                           "9-1",
                           "9..1",
                           "1..9..-1",
                           "x,y",
                           "a=",
                           "a=1,,2",
                           "1-10%4",
                           "7x=1",
                           "cores=1",
                           "1..2..3..4",
                           "1..99999999999",
                           "9999999999999999999..1",
                           "1-2:x"}) {
    EXPECT_FALSE(parse_axis(word)) << word << " gave " << axis_text(word);
  }
}

TEST(Argument, ReadsDependencies) {
  using Until = Dependency::Until;
  auto const all = parse_dependencies("7,plate:ended,b:finished");
  ASSERT_TRUE(all);
  EXPECT_EQ(*all, std::vector<Dependency>(
                      {{"7", {}, Until::finished}, {"plate", {}, Until::ended}, {"b", {}, Until::finished}}));
  EXPECT_EQ(*parse_dependencies("afterok:7:8"),
            std::vector<Dependency>({{"7", {}, Until::finished}, {"8", {}, Until::finished}}));
  EXPECT_EQ(*parse_dependencies("afterany:7"), std::vector<Dependency>({{"7", {}, Until::ended}}));
  for (auto const* bad : {"", ",", "7,", "7:never", ":ended", "afterok:"}) {
    EXPECT_FALSE(parse_dependencies(bad)) << bad;
  }
}

TEST(Argument, ReadsResources) {
  EXPECT_EQ(*parse_resource("gpu=2"), std::pair(std::string("gpu"), 2));
  EXPECT_EQ(*parse_resource("licence"), std::pair(std::string("licence"), 1));
  for (auto const* bad : {"", "=1", "gpu=", "gpu=0", "gpu=x", "gpu=1x", "two words=1"}) {
    EXPECT_FALSE(parse_resource(bad)) << bad;
  }
}

TEST(Capability, IsDeclaredOfSomeHostsOrAll) {
  std::vector<DeclaredCapability> declared;
  for (auto const* word : {"1-3: bigmem gpu=0,1", "2,5: gpu=1-3 fast", "all: licence=a,b bigmem"}) {
    auto one = parse_capability(word);
    ASSERT_TRUE(one) << one.failure().context;
    declared.push_back(*std::move(one));
  }
  Capabilities two{8, 1000, {}, {}};
  declare(declared, Rank{2}, two);
  EXPECT_EQ(two, (Capabilities{
                     8, 1000, {{"gpu", {"0", "1", "2", "3"}}, {"licence", {"a", "b"}}}, {"bigmem", "fast"}}));
  Capabilities four{8, 0, {}, {}};
  declare(declared, Rank{4}, four);
  EXPECT_EQ(four, (Capabilities{8, 0, {{"licence", {"a", "b"}}}, {"bigmem"}}));
}

TEST(Capability, SaysWhatIsWrong) {
  for (auto const* bad : {"", "bigmem", "1-3:", "1-3: ", "0: a", "3-1: a", "x: a", "1,: a",
                          "all: two=", "all: =1", "all: 7up", "all: gpu=0,,1", "-1: a", "1-99999999: a"}) {
    auto const declared = parse_capability(bad);
    ASSERT_FALSE(declared) << bad;
    EXPECT_NE(declared.failure().context.find("expected such as '1-3: bigmem gpu=0,1'"), std::string::npos)
        << bad;
  }
}

TEST(Suggestion, OffersTheNearestElseAll) {
  EXPECT_EQ(suggestion("tpye", {"args", "name", "type"}), "; did you mean 'type'?");
  EXPECT_EQ(suggestion("zebra", {"args", "name"}), "; known: args, name");
  EXPECT_EQ(suggestion("", {"args"}), "; known: args");
}

TEST(Argument, History) {
  auto const week = parse_history("7d");
  ASSERT_TRUE(week);
  EXPECT_EQ(week->age, std::chrono::hours(7 * 24));
  EXPECT_EQ(week->jobs, 0U) << "what isn't said is no limit";
  auto const both = parse_history("5000,1h30min");
  ASSERT_TRUE(both);
  EXPECT_EQ(both->age, 90min);
  EXPECT_EQ(both->jobs, 5000U);
  auto const all = parse_history("all");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->age, Duration{0});
  EXPECT_EQ(all->jobs, 0U);
  for (auto const* wrong : {"", "soon", "0", "7d,", ",", "never", "-5"}) EXPECT_FALSE(parse_history(wrong)) << wrong;
}

}  // namespace
}  // namespace godwit
