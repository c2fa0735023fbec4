// A submission's arguments are held against what the type takes, and every fault is named at once.
#include "job/spec.hpp"

#include <gtest/gtest.h>

#include "job/nearest.hpp"

namespace godwit {
namespace {

JobType heat_type() {
  JobType type;
  type.name = "heat";
  type.parameters = {{"rows", "grid rows", ParameterKind::integer, std::nullopt},
                     {"alpha", "diffusivity", ParameterKind::real, "0.2"},
                     {"periodic", "", ParameterKind::boolean, "false"},
                     {"output", "where to write", ParameterKind::text, std::nullopt}};
  return type;
}

std::string fault(std::map<std::string, std::string> const& arguments) {
  auto const checked = check_arguments(heat_type(), arguments);
  if (checked) return {};
  EXPECT_EQ(checked.failure().code, "bad_arguments");
  EXPECT_EQ(checked.failure().reaction, Reaction::reject);
  return checked.failure().context;
}

TEST(CheckArguments, TakesWhatTheTypeTakes) {
  EXPECT_EQ(fault({{"rows", "64"}, {"output", "x"}}), "");
  EXPECT_EQ(fault({{"rows", "-64"}, {"alpha", "1e-3"}, {"periodic", "yes"}, {"output", ""}}), "");
}

TEST(CheckArguments, SuggestsTheNearestName) {
  EXPECT_EQ(fault({{"rows", "1"}, {"output", "x"}, {"alhpa", "0.1"}}),
            "heat: no parameter 'alhpa' (did you mean 'alpha'?)");
  EXPECT_EQ(fault({{"rows", "1"}, {"output", "x"}, {"zzzzzzz", "1"}}),
            "heat: no parameter 'zzzzzzz' (it takes rows, alpha, periodic, output)");
}

TEST(CheckArguments, SaysWhatIsMissing) {
  EXPECT_EQ(fault({{"output", "x"}}), "heat: rows=… is missing (a whole number: grid rows)");
}

TEST(CheckArguments, SaysWhatIsMalformed) {
  EXPECT_EQ(fault({{"rows", "12.5"}, {"output", "x"}}),
            "heat: rows='12.5' is malformed (a whole number: grid rows)");
  EXPECT_EQ(fault({{"rows", "1"}, {"output", "x"}, {"periodic", "maybe"}}),
            "heat: periodic='maybe' is malformed (true or false)");
  EXPECT_NE(fault({{"rows", ""}, {"output", "x"}}), "");
  EXPECT_NE(fault({{"rows", "1"}, {"output", "x"}, {"alpha", "0.1x"}}), "");
}

TEST(CheckArguments, NamesEveryFault) {
  EXPECT_EQ(
      fault({{"rwos", "1"}, {"alpha", "fast"}}),
      "heat: alpha='fast' is malformed (a number: diffusivity); no parameter 'rwos' (did you mean 'rows'?); "
      "rows=… is missing (a whole number: grid rows); output=… is missing (a text: where to write)");
}

TEST(NearestName, PrefersTheFewestEdits) {
  EXPECT_EQ(nearest_name("coutner", {"heat", "counter", "crash"}), "counter");
  EXPECT_EQ(nearest_name("hea", {"grep", "heat"}), "heat");
  EXPECT_EQ(nearest_name("x", {"heat"}), "");
  EXPECT_EQ(nearest_name("ab", {"cd"}), "");
  EXPECT_EQ(nearest_name("", {"heat"}), "");
  EXPECT_EQ(nearest_name(std::string(100'000, 'a'), {"heat"}), "");
}

TEST(JobState, HasANameForUsers) {
  EXPECT_STREQ(to_string(JobState::waiting), "WAITING");
  EXPECT_STREQ(to_string(JobState::stranded), "STRANDED");
  EXPECT_TRUE(is_ended(JobState::cancelled));
  EXPECT_FALSE(is_ended(JobState::stranded));
}

TEST(DemandOf, IsWhatTheJobTakesOfItsHost) {
  JobSpec spec;
  spec.cores = 3, spec.memory_bytes = 1 << 20, spec.resources = {{"gpu", 2}}, spec.labels = {"b", "a"};
  spec.host = Rank{4}, spec.together = "ring", spec.apart = "twins", spec.priority = 7;
  EXPECT_EQ(demand_of(spec), (Demand{3, 1 << 20, {{"gpu", 2}}, {"a", "b"}, Rank{4}, "ring", "twins"}));
}

}  // namespace
}  // namespace godwit
