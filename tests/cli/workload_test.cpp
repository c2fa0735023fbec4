// Shows what a workload file says, and that every mistake in one is named with file, line and key, all
// of them at once, while nothing is half read. Files are written to a directory of the test's own.
#include "app/workload/workload.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace godwit {
namespace {

class Workload : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pattern = (std::filesystem::temp_directory_path() / "godwit-workload-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  Result<std::vector<JobSpec>> read(std::string const& text) {
    std::ofstream(file()) << text;
    return read_workload(file());
  }
  // The message without the file's name in front of each line.
  std::string mistakes(std::string const& text) {
    auto const jobs = read(text);
    if (jobs) return "none";
    auto message = jobs.failure().context;
    auto const prefix = file().string() + ":";
    for (auto at = message.find(prefix); at != std::string::npos; at = message.find(prefix)) {
      message.erase(at, prefix.size());
    }
    return message;
  }
  [[nodiscard]] std::filesystem::path file() const { return directory_ / "sweep.yaml"; }

  std::filesystem::path directory_;
};

TEST_F(Workload, ReadsAWholeFile) {
  auto const jobs = read(R"(godwit: 1
accounts:
  chem: {shares: 3}
  chem/anna: {shares: 2, hosts: [1, 2]}
defaults:
  account: chem/anna
  memory: 2GiB
  checkpoint: {every: 10min}
  environment: {A: 1, B: 2}
jobs:
  plate:
    type: heat
    args: {rows: 64, output: "out/a b.csv", fast: yes, ratio: 0.20}
    cores: 2
    host: 3
    cwd: sub/
    environment: {B: 3}
  other: {type: counter, name: ticker, account: chem, memory: 512MiB, crash_limit: 0, checkpoint: {every: never}, cwd: /tmp}
)");
  ASSERT_TRUE(jobs) << jobs.failure().context;
  ASSERT_EQ(jobs->size(), 2U);
  JobSpec plate;
  plate.type = "heat";
  plate.name = "plate";
  plate.arguments = {{"rows", "64"}, {"output", "out/a b.csv"}, {"fast", "yes"}, {"ratio", "0.20"}};
  plate.account = "chem/anna";
  plate.directory = (directory_ / "sub").string();
  plate.environment = {{"A", "1"}, {"B", "3"}};
  plate.cores = 2;
  plate.host = Rank{3};
  plate.memory_bytes = 2ULL << 30;
  plate.checkpoint_every = 10min;
  EXPECT_EQ((*jobs)[0], plate);
  JobSpec other;
  other.type = "counter";
  other.name = "ticker";
  other.account = "chem";
  other.directory = "/tmp";
  other.environment = {{"A", "1"}, {"B", "2"}};
  other.memory_bytes = 512ULL << 20;
  other.crash_limit = 0;
  EXPECT_EQ((*jobs)[1], other);
}

TEST_F(Workload, TakesPathsFromTheFilesDirectoryAndTheUserAsAccount) {
  auto const jobs = read("godwit: 1\njobs: {a: {type: counter}}\n");
  ASSERT_TRUE(jobs) << jobs.failure().context;
  EXPECT_EQ(jobs->front().directory, directory_.string());
  EXPECT_FALSE(jobs->front().account.empty());
}

TEST_F(Workload, NamesEveryMistakeWithItsLine) {
  EXPECT_EQ(
      mistakes(R"(godwit: 1
jobs:
  plate:
    tpye: heat
    cores: many
    memory: 3 apples
    checkpoint: {evry: 1min}
  7up: {type: heat}
)"),
      "4: jobs.plate.tpye: unknown key; did you mean 'type'?\n"
      "5: jobs.plate.cores: expected a whole number from 1\n"
      "6: jobs.plate.memory: '3 apples' is not a size; expected such as 512MiB or 2GiB\n"
      "7: jobs.plate.checkpoint.evry: unknown key; did you mean 'every'?\n"
      "3: jobs.plate: the key 'type' is missing; expected the name of a job type\n"
      "8: jobs.7up: '7up' can't be a job's name; use letters, digits, '_', '.' and '-', and begin with a "
      "letter");
}

TEST_F(Workload, RefusesWhatIsNotSupportedYetByName) {
  EXPECT_EQ(
      mistakes("godwit: 1\njobs:\n  a: {type: heat, array: {x: [1]}}\n  b: {program: ls}\n"
               "  c: {type: heat, after: {a: finished}}\n  d: {type: heat, checkpoint: {every: auto}}\n"),
      "3: jobs.a.array: not supported yet\n"
      "4: jobs.b.program: not supported yet\n"
      "5: jobs.c.after: not supported yet\n"
      "6: jobs.d.checkpoint.every: 'auto' is not supported yet; expected a duration such as 10min");
}

TEST_F(Workload, RefusesAnotherSchemaAndNone) {
  EXPECT_EQ(mistakes("godwit: 2\njobs: {a: {type: heat}}\n"),
            "1: godwit: schema version '2' is not known here; expected 1");
  EXPECT_EQ(mistakes("jobs: {a: {type: heat}}\n"),
            "1: the key 'godwit' is missing; expected 'godwit: 1', the schema's version");
}

TEST_F(Workload, RefusesAnAccountThatIsNotListed) {
  EXPECT_EQ(mistakes("godwit: 1\naccounts: {chem: {}}\njobs: {a: {type: heat, account: chme}}\n"),
            "3: jobs.a.account: account 'chme' is not among 'accounts'; did you mean 'chem'?");
}

TEST_F(Workload, RefusesTwoJobsOfOneName) {
  EXPECT_EQ(mistakes("godwit: 1\njobs:\n  a: {type: heat}\n  a: {type: counter}\n"),
            "4: jobs.a: stands here a second time");
  EXPECT_EQ(mistakes("godwit: 1\njobs:\n  a: {type: heat}\n  b: {type: counter, name: a}\n"),
            "4: jobs.b: another job is named 'a' too");
}

TEST_F(Workload, SurvivesFilesThatAreNoWorkload) {
  EXPECT_NE(mistakes("").find("expected a map"), std::string::npos);
  EXPECT_NE(mistakes("- 1\n- 2\n").find("expected a map"), std::string::npos);
  EXPECT_NE(mistakes("godwit: 1\n").find("there are no jobs"), std::string::npos);
  EXPECT_NE(mistakes("godwit: 1\njobs: 7\n").find("jobs: expected a map of job names"), std::string::npos);
  EXPECT_NE(mistakes("godwit: 1\njobs: {a: }\n").find("jobs.a: expected a map"), std::string::npos);
  EXPECT_NE(mistakes("godwit: 1\njobs: {a: {type: heat, args: {x: [1, 2]}}}\n")
                .find("jobs.a.args.x: expected a single value"),
            std::string::npos);
  EXPECT_NE(mistakes("godwit: 1\njobs: {[a, b]: {type: heat}}\n").find("a key must be a plain word"),
            std::string::npos);
  EXPECT_NE(mistakes("godwit: 1\njobs: {a: {type: [\n").find("not valid YAML"), std::string::npos);
  EXPECT_NE(mistakes("\x01\x02\xff").find("1:"), std::string::npos);
}

TEST_F(Workload, SaysWhyAFileCannotBeRead) {
  auto const missing = read_workload(directory_ / "none.yaml");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.failure().context.find("No such file"), std::string::npos) << missing.failure().context;
  EXPECT_FALSE(read_workload(directory_));
}

}  // namespace
}  // namespace godwit
