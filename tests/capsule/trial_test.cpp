// Shows that the author's harness finds what a job forgets when it is moved, says in words what came out
// differently, lets pass what is well described, and leaves nothing behind.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "capsule/rig.hpp"
#include "godwit/testing.hpp"

namespace godwit::testing {
namespace {

using Arguments = std::map<std::string, std::string>;

// ---- the job types that come with Godwit

struct Case {
  std::string type;
  Arguments arguments;
};
void PrintTo(Case const& one, std::ostream* out) {
  *out << one.type;
}
std::string name_of_case(::testing::TestParamInfo<Case> const& info) {
  return info.param.type;
}

class Type : public ::testing::TestWithParam<Case> {
 protected:
  Type() : trial(GetParam().type, GetParam().arguments) {
    std::string lines;
    for (int i = 0; i < 60; ++i) lines += "line " + std::to_string(i * 7) + "\n";
    trial.plugins(built_plugins()).file("a.txt", lines).file("b.txt", "one\ntwo\n").file("c.txt", "");
  }
  Trial trial;
};

TEST_P(Type, SurvivesAMoveAtEveryStep) {
  auto const calm = trial.undisturbed();
  EXPECT_EQ(calm.outcome, GetParam().type == "crash" ? "failed: failed on purpose" : "finished");
  auto const moved = trial.moved_every_step();
  EXPECT_EQ(moved, calm);
  EXPECT_GE(moved.moves, 2U);
  EXPECT_GE(moved.moves + 1, moved.steps) << "one of them, at least, between any two steps";
}

TEST_P(Type, SurvivesRestartsFromOlderImages) {
  EXPECT_EQ(trial.restarted_every(3), trial.undisturbed());
}

INSTANTIATE_TEST_SUITE_P(
    Jobs, Type,
    ::testing::Values(
        Case{"counter", {{"limit", "30"}, {"print_every", "7"}, {"bytes", "5000"}}},
        Case{"heat", {{"n", "16"}, {"steps", "30"}, {"output", "heat.csv"}}},
        Case{"grep",
             {{"pattern", "7"}, {"input", "a.txt"}, {"output", "found.txt"}, {"lines_per_step", "3"}}},
        Case{"merge", {{"inputs", "a.txt,b.txt,c.txt"}, {"output", "merged.txt"}}},
        Case{"alphabet", {{"output", "sets.txt"}, {"sets", "2"}}}, Case{"sleep", {{"seconds", "1.2"}}},
        Case{"crash", {{"how", "fail"}, {"after", "9"}}}),
    name_of_case);

// ---- one that forgets

class Forgetful : public ::testing::Test {
 protected:
  static std::string difference(std::string const& forgets) {
    Trial trial("forgetful", {{"forgets", forgets}});
    trial.plugins(fixture_plugins());
    auto const calm = trial.undisturbed();
    return trial.moved_every_step().difference_from(calm);
  }
};

TEST_F(Forgetful, OfNothingIsTheSame) {
  EXPECT_EQ(difference("nothing"), "");
}

TEST_F(Forgetful, OfAMemberNamesTheField) {
  EXPECT_EQ(
      difference("member"),
      "steps agree; field 'sum' differs: 45 undisturbed, 9 moved at every step: is a member missing from "
      "describe()?");
}

TEST_F(Forgetful, OfAStateOfItsProcessNamesTheElement) {
  EXPECT_EQ(difference("array"),
            "steps agree; array 'cells' differs in 1 of 20 elements, first at [2, 3]: 10 undisturbed, 1 "
            "moved at every "
            "step: is a member missing from describe()?");
}

TEST_F(Forgetful, ToSetWhatItAllocatesFindsPoison) {
  auto const found = difference("heap");
  EXPECT_TRUE(found.starts_with("steps agree; field 'sum' differs: 45 undisturbed, 1045 moved")) << found;
}

TEST_F(Forgetful, InAFileNamesByteAndLine) {
  EXPECT_EQ(difference("output"),
            "steps agree; out.csv differs at byte 3 (line 2): \"2\" undisturbed, \"1\" moved at every step: "
            "is a member "
            "missing from describe()?");
}

TEST_F(Forgetful, InWhatItPrintsNamesByteAndLine) {
  auto const found = difference("stdout");
  EXPECT_TRUE(
      found.starts_with("steps agree; stdout differs at byte 23 (line 2): \"step 1 of 2\" undisturbed, "
                        "\"step 1 of 1\" moved"))
      << found;
}

TEST_F(Forgetful, WithAnotherNumberOfStepsSaysSo) {
  auto const found = difference("step");
  EXPECT_TRUE(
      found.starts_with("steps differ: 9 undisturbed, 10 moved at every step; field 'partial' differs"))
      << found;
}

TEST_F(Forgetful, WithAnotherEndSaysBoth) {
  EXPECT_EQ(
      difference("end"),
      "undisturbed: failed: not moved after 4 steps; moved at every step: failed: moved after 4 steps: is a "
      "member missing from describe()?");
}

TEST_F(Forgetful, HowFarItIsWouldNeverEnd) {
  EXPECT_EQ(
      difference("count"),
      "undisturbed: finished after 10 steps; moved at every step: still running after 121 steps: is a member "
      "missing from describe()?");
}

TEST_F(Forgetful, OfAFileThatItDidntDeclareIsFoundByRestarts) {
  Trial trial("forgetful", {{"forgets", "own_file"}});
  trial.plugins(fixture_plugins());
  auto const calm = trial.undisturbed();
  EXPECT_EQ(trial.moved_every_step(), calm) << "a move alone doesn't repeat anything";
  auto const found = trial.restarted_every(4).difference_from(calm);
  EXPECT_TRUE(found.starts_with("steps agree; own.log differs at byte 17 (line 9)")) << found;
}

TEST_F(Forgetful, EveryFewStepsIsFoundToo) {
  Trial trial("forgetful", {{"forgets", "member"}});
  trial.plugins(fixture_plugins());
  auto const moved = trial.moved_every(4);
  EXPECT_EQ(moved.moves, 2U);
  EXPECT_EQ(moved.fields.at("sum").value, "17") << "8 + 9";
}

TEST_F(Forgetful, FailsATestThatSaysWhy) {
  Trial trial("forgetful", {{"forgets", "member"}});
  trial.plugins(fixture_plugins());
  auto const calm = trial.undisturbed();
  auto const moved = trial.moved_every_step();
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(moved, calm),
                          "field 'sum' differs: 45 undisturbed, 9 moved at every step");
}

// ---- what can't be tried

std::string refusal(Trial& trial) {
  try {
    trial.undisturbed();
  } catch (std::runtime_error const& error) {
    return error.what();
  }
  return "it ran";
}

TEST(Trial, ComparesNoNumberOfStepsThatVaries) {
  Trial trial("polling");
  trial.plugins(fixture_plugins());
  auto const calm = trial.undisturbed();
  auto const moved = trial.moved_every(2);
  EXPECT_EQ(calm.steps, 11U);
  EXPECT_EQ(moved.steps, 20U);
  EXPECT_TRUE(calm.steps_vary);
  EXPECT_EQ(moved, calm);
}

TEST(Trial, FindsWhatDiffersWhereStepsVary) {
  Trial trial("polling", {{"forgets", "true"}});
  trial.plugins(fixture_plugins());
  EXPECT_EQ(trial.moved_every(2).difference_from(trial.undisturbed()),
            "steps vary; field 'result' differs: 55 undisturbed, 10 moved every 2 steps: is a member missing from "
            "describe()?");
}

TEST(Trial, OfAnUnknownTypeSaysWhatThereIs) {
  Trial trial("heet");
  trial.plugins(built_plugins());
  auto const why = refusal(trial);
  EXPECT_NE(why.find("no job type 'heet'"), std::string::npos) << why;
  EXPECT_NE(why.find("heat"), std::string::npos) << why;
}

TEST(Trial, WithWrongArgumentsSaysWhich) {
  Trial trial("heat", {{"stepz", "3"}});
  trial.plugins(built_plugins());
  EXPECT_NE(refusal(trial).find("stepz"), std::string::npos);
}

TEST(Trial, WithAnOutputOutsideItsDirectoryWritesNothing) {
  Scratch elsewhere;
  write_file(elsewhere / "kept.csv", "precious");
  Trial trial("heat", {{"output", (elsewhere / "kept.csv").native()}});
  trial.plugins(built_plugins());
  EXPECT_NE(refusal(trial).find("lies outside the run's own directory"), std::string::npos);
  EXPECT_EQ(read_file(elsewhere / "kept.csv"), "precious");
}

TEST(Trial, ReadsAnInputWhereItIs) {
  Scratch elsewhere;
  write_file(elsewhere / "in.txt", "an ERROR\nno\n");
  Trial trial("grep",
              {{"pattern", "ERROR"}, {"input", (elsewhere / "in.txt").native()}, {"output", "out.txt"}});
  trial.plugins(built_plugins());
  auto const run = trial.moved_every_step();
  EXPECT_EQ(run.files, (std::map<std::string, std::string>{{"out.txt", "an ERROR\n"}}));
}

TEST(Trial, OfAJobThatHangsEndsWithItsPatience) {
  Trial trial("crash", {{"how", "hang"}, {"after", "3"}});
  trial.plugins(built_plugins()).patience(std::chrono::milliseconds(500));
  EXPECT_NE(refusal(trial).find("reached no safe point within"), std::string::npos);
}

TEST(Trial, OfAJobThatCrashesTellsHow) {
  Trial trial("crash", {{"how", "segv"}, {"after", "3"}});
  trial.plugins(built_plugins());
  EXPECT_EQ(trial.moved_every_step().outcome, "crashed: killed by signal 11 (SIGSEGV)");
}

TEST(Trial, OfAnExceptionTellsItsMessage) {
  for (auto const& [way, said] :
       {std::pair{"throw", "failed: no start"},
        std::pair{"throw_int", "failed: an exception that isn't a std::exception"}}) {
    Trial trial("forgetful", {{"forgets", way}});
    trial.plugins(fixture_plugins());
    EXPECT_EQ(trial.undisturbed().outcome, said);
  }
  Trial trial("forgetful", {{"forgets", "refuse"}});
  trial.plugins(fixture_plugins());
  EXPECT_EQ(trial.moved_every_step().outcome, "refused: can't rebuild");
}

TEST(Trial, LeavesNothingBehindButWhatIsToBeKept) {
  Scratch temporary, kept;
  auto const before = std::getenv("TMPDIR") == nullptr ? std::string() : std::string(std::getenv("TMPDIR"));
  ::setenv("TMPDIR", temporary.path().c_str(), 1);
  {
    Trial trial("heat", {{"n", "8"}, {"steps", "3"}, {"output", "heat.csv"}, {"output_every", "1"}});
    trial.plugins(built_plugins()).keep(kept.path());
    trial.undisturbed();
    trial.moved_every_step();
  }
  if (before.empty())
    ::unsetenv("TMPDIR");
  else
    ::setenv("TMPDIR", before.c_str(), 1);
  EXPECT_TRUE(std::filesystem::is_empty(temporary.path()));
  EXPECT_TRUE(all_gone(descendants()));
  for (auto const* how : {"undisturbed", "moved-at-every-step"}) {
    auto const directory = kept.path() / how;
    EXPECT_FALSE(read_file(directory / "files" / "heat.csv").empty()) << how;
    EXPECT_NE(read_file(directory / "stdout").find("u(1/2,1/2)"), std::string::npos) << how;
    EXPECT_NE(read_file(directory / "state").find("iteration: 3"), std::string::npos) << how;
  }
}

}  // namespace
}  // namespace godwit::testing
