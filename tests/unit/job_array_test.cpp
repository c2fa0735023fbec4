// Arrays of jobs: what each element is, what is wrong with an array, and that its arguments are checked at
// the cost of its axes' values.
#include <gtest/gtest.h>

#include <limits>

#include "job/arguments.hpp"
#include "job/array.hpp"

namespace godwit {
namespace {

JobType heat() {
  JobType type;
  type.name = "heat";
  type.parameters = {{"alpha", "", ParameterKind::real, std::nullopt},
                     {"steps", "", ParameterKind::integer, "10"},
                     {"periodic", "", ParameterKind::boolean, "no"},
                     {"output", "", ParameterKind::text, ""}};
  return type;
}

JobArray sweep() {
  JobArray array;
  array.spec.type = "heat";
  array.spec.arguments = {{"output", "out/%{alpha}-%{seed}-%{index}.csv"}};
  array.spec.directory = "/data/%{seed}%%";
  array.spec.cores = 4;
  array.spec.environment = {{"THREADS", "%{cores}"}};
  array.axes = {{.name = "alpha", .values = {"0.1", "0.2"}}, {.name = "seed", .first = 10, .step = 5, .count = 3}};
  return array;
}

std::string fault(JobArray array) {
  auto const bound = bind_array(heat(), array);
  return bound ? "none" : bound.failure().context;
}

TEST(JobArray, ElementsAreTheProductOfTheAxesTheLastVariesFastest) {
  auto array = sweep();
  ASSERT_TRUE(bind_array(heat(), array).ok());
  EXPECT_EQ(array.size(), 6U);
  auto const fifth = array.element(5);
  EXPECT_EQ(fifth.arguments.at("alpha"), "0.2");
  EXPECT_FALSE(fifth.arguments.contains("seed")) << "no parameter of the type";
  EXPECT_EQ(fifth.arguments.at("output"), "out/0.2-15-5.csv");
  EXPECT_EQ(fifth.directory, "/data/15%");
  EXPECT_EQ(fifth.environment.at("THREADS"), "4");
}

TEST(JobArray, EveryValueOfAnAxisIsCheckedOnce) {
  auto array = sweep();
  array.axes[0].values = {"0.1", "0.2", "x"};
  EXPECT_EQ(fault(array), "heat: alpha='x' is malformed (a number)");
  array = sweep();
  array.axes[1] = {.name = "periodic", .first = 0, .count = 3};
  array.spec.arguments.clear();
  array.spec.directory.clear();
  EXPECT_EQ(fault(array), "heat: periodic='2' is malformed (true or false)");
  array.axes[1] = {.name = "steps", .count = 5'000'000};
  EXPECT_EQ(fault(array), "none") << "and at once";
}

TEST(JobArray, AnArgumentMadeOfAxesIsCheckedWithEach) {
  auto array = sweep();
  array.spec.arguments["steps"] = "%{seed}0";
  EXPECT_EQ(fault(array), "none");
  array.spec.arguments["steps"] = "%{alpha}";
  EXPECT_EQ(fault(array), "heat: steps='0.1' is malformed (a whole number)");
  array.axes[0].values = {"1", "2", "2.5"};
  EXPECT_EQ(fault(array), "heat: steps='2.5' is malformed (a whole number)");
}

TEST(JobArray, ARangeStaysWithin64Bits) {  // clients other than godwit may ask for any
  auto array = sweep();
  array.spec.arguments = {{"alpha", "%{seed}"}};
  array.axes = {{.name = "seed", .first = std::numeric_limits<std::int64_t>::max() - 5, .step = 5, .count = 2}};
  EXPECT_EQ(fault(array), "none");
  array.axes[0].count = 3;
  EXPECT_NE(fault(array).find("beyond what 64 bits hold"), std::string::npos) << fault(array);
  array.axes = {{.name = "seed", .first = 0, .step = std::numeric_limits<std::int64_t>::min(), .count = 3}};
  EXPECT_NE(fault(array).find("beyond what 64 bits hold"), std::string::npos) << fault(array);
}

TEST(JobArray, MistakesInAxesAreNamed) {
  auto array = sweep();
  array.axes[0].name = "alhpa";
  array.spec.arguments = {{"output", "%{alhpa}"}};
  EXPECT_EQ(fault(array), "heat: alpha=… is missing (a number)") << "it stands somewhere, so it may be meant";
  array.spec.arguments = {{"alpha", "1"}};
  EXPECT_EQ(fault(array),
            "axis 'alhpa' is no parameter of heat, and %{alhpa} stands nowhere (did you mean 'alpha'?)");
  array = sweep();
  array.spec.arguments["alpha"] = "1";
  EXPECT_EQ(fault(array), "'alpha' is both an axis of the array and an argument: which?");
  array = sweep();
  array.axes[0].values.clear();
  array.axes[1].name = "alpha";
  array.spec.directory = "%{alfa}";
  EXPECT_EQ(fault(array),
            "axis 'alpha' of the array has no values\n"
            "axis 'alpha' stands twice in the array\n"
            "%{seed} in 'out/%{alpha}-%{seed}-%{index}.csv': no axis of that name\n"
            "%{alfa} in '%{alfa}': no axis of that name; did you mean %{alpha}?");
}

}  // namespace
}  // namespace godwit
