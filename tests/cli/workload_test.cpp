// Shows what a workload file says, and that every mistake in one is named with file, line and key, all
// of them at once, while nothing is half read. Files are written to a directory of the test's own.
#include "app/workload/workload.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace godwit {
namespace {

class WorkloadFile : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pattern = (std::filesystem::temp_directory_path() / "godwit-workload-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  Result<std::vector<JobArray>> read(std::string const& text) {
    auto workload = read_all(text);
    if (!workload) return workload.failure();
    return std::move(workload->jobs);
  }
  Result<Workload> read_all(std::string const& text) {
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

TEST_F(WorkloadFile, ReadsAWholeFile) {
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
  other: {type: counter, name: ticker, account: chem, memory: 512MiB, crash_limit: 0, host_loss_limit: 5, checkpoint: {every: never}, cwd: /tmp}
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
  EXPECT_EQ((*jobs)[0], JobArray(plate));
  JobSpec other;
  other.type = "counter";
  other.name = "ticker";
  other.account = "chem";
  other.directory = "/tmp";
  other.environment = {{"A", "1"}, {"B", "2"}};
  other.memory_bytes = 512ULL << 20;
  other.crash_limit = 0;
  other.host_loss_limit = 5;
  EXPECT_EQ((*jobs)[1], JobArray(other));
}

TEST_F(WorkloadFile, TakesPathsFromTheFilesDirectoryAndTheUserAsAccount) {
  auto const jobs = read("godwit: 1\njobs: {a: {type: counter}}\n");
  ASSERT_TRUE(jobs) << jobs.failure().context;
  EXPECT_EQ(jobs->front().spec.directory, directory_.string());
  EXPECT_FALSE(jobs->front().spec.account.empty());
}

TEST_F(WorkloadFile, NamesEveryMistakeWithItsLine) {
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

// The one in docs and issue texts, but for its program jobs.
TEST_F(WorkloadFile, ReadsAnArrayWithItsLimits) {
  auto const jobs = read(R"(godwit: 1
accounts:
  chem:      {shares: 3}
  chem/anna: {shares: 2, hosts: [1, 2]}
defaults:
  account: chem/anna
  memory: 2GiB
  checkpoint: {every: auto, keep: 2, partner: true, compress: true}
jobs:
  report:
    type: counter
    after: {sweep: finished, other: ended, 12: finished}
    time_limit: 6h
    step_limit: 1min
    stdout: report.txt
    stderr: /dev/null
  sweep:
    type: heat
    array: {alpha: [0.1, 0.2, 0.4], seed: 1..100}
    args: {steps: 5000, output: "out/%{alpha}-%{seed}.csv"}
    checkpoint: {every: 10min}
    max_failed: 10
  other: {type: counter, after: [sweep], checkpoint: {every: never, partner: false, compress: false}}
)");
  ASSERT_TRUE(jobs) << jobs.failure().context;
  ASSERT_EQ(jobs->size(), 3U);
  auto const& report = (*jobs)[0].spec;
  auto const& sweep = (*jobs)[1];
  auto const& other = (*jobs)[2].spec;
  EXPECT_FALSE((*jobs)[0].is_array());
  std::vector<Dependency> const after{{"sweep", {}, Dependency::Until::finished},
                                      {"other", {}, Dependency::Until::ended},
                                      {"12", {}, Dependency::Until::finished}};
  EXPECT_EQ(report.after, after);
  EXPECT_EQ(report.time_limit, std::chrono::hours(6));
  EXPECT_EQ(report.step_limit, 60s);
  EXPECT_EQ(report.stdout_path, "report.txt");
  EXPECT_EQ(report.stderr_path, "/dev/null");
  EXPECT_TRUE(report.checkpoint_auto);
  EXPECT_EQ(report.retention.keep, 2);
  EXPECT_TRUE(report.checkpoint_partner);
  EXPECT_TRUE(report.checkpoint_compress);
  EXPECT_EQ(sweep.size(), 300U);
  EXPECT_EQ(sweep.spec.max_failed, 10);
  EXPECT_EQ(sweep.spec.checkpoint_every, 10min);
  EXPECT_FALSE(sweep.spec.checkpoint_auto);
  EXPECT_EQ(sweep.element(1).arguments.at("output"), "out/0.1-1.csv");
  EXPECT_EQ(sweep.element(101).arguments.at("output"), "out/0.2-1.csv");
  EXPECT_EQ(sweep.element(300).arguments.at("output"), "out/0.4-100.csv");
  EXPECT_EQ(other.after, std::vector<Dependency>({{"sweep", {}, Dependency::Until::finished}}));
  EXPECT_FALSE(other.checkpoint_auto);
  EXPECT_EQ(other.checkpoint_every, 0s);
  EXPECT_FALSE(other.checkpoint_partner);
  EXPECT_FALSE(other.checkpoint_compress);
}

TEST_F(WorkloadFile, TakesAxesFromFilesAndLines) {
  for (auto const* name : {"systems/b", "systems/a", "systems/c"}) {
    std::filesystem::create_directories(directory_ / name);
  }
  std::ofstream(directory_ / "systems/file.txt") << "no directory";
  std::ofstream(directory_ / "words.txt") << "one\r\n\ntwo words\nthree";
  auto const jobs = read(R"(godwit: 1
jobs:
  md: {type: t, array: {dir: {glob: systems/*/}}, cwd: "%{dir}", stdout: "%{index}.txt"}
  each: {type: t, array: {line: {lines: words.txt}}, environment: {WORD: "<%{line}>"}}
)");
  ASSERT_TRUE(jobs) << jobs.failure().context;
  auto const& md = jobs->front();
  EXPECT_EQ(md.axes.front().values, std::vector<std::string>({"systems/a", "systems/b", "systems/c"}));
  EXPECT_EQ(md.element(2).directory, (directory_ / "systems/b").string());
  EXPECT_EQ(md.element(2).stdout_path, "2.txt");
  EXPECT_EQ(jobs->back().axes.front().values, std::vector<std::string>({"one", "two words", "three"}));
  EXPECT_EQ(jobs->back().element(2).environment.at("WORD"), "<two words>");
}

TEST_F(WorkloadFile, LetsAnAbsolutePatternBeTheDirectory) {
  std::filesystem::create_directories(directory_ / "a");
  auto const jobs = read("godwit: 1\njobs:\n  md: {type: t, array: {dir: {glob: " + directory_.string() +
                         "/*/}}, cwd: \"%{dir}\"}\n");
  ASSERT_TRUE(jobs) << jobs.failure().context;
  EXPECT_EQ(jobs->front().element(1).directory, (directory_ / "a").string());
  EXPECT_EQ(mistakes("godwit: 1\njobs:\n  md: {type: t, array: {dir: [/tmp, a]}, cwd: \"%{dir}/x\"}\n"),
            "3: jobs.md.cwd: some values of axis 'dir' are absolute paths and some are not");
}

TEST_F(WorkloadFile, NamesMistakesInArrays) {
  auto const job = [&](std::string const& keys) {
    return mistakes("godwit: 1\njobs:\n  a: {type: t, " + keys + "}\n");
  };
  EXPECT_EQ(job("array: 7"), "3: jobs.a.array: expected a map of axes such as {seed: 1..100, size: [s, m]}");
  EXPECT_EQ(job("array: {}"), "3: jobs.a.array: expected at least one axis, such as {seed: 1..100}");
  EXPECT_EQ(job("array: {x: 7}"),
            "3: jobs.a.array.x: expected a list, a range such as 1..100, {glob: PATTERN} or {lines: FILE}");
  EXPECT_EQ(job("array: {x: []}"), "3: jobs.a.array.x: expected at least one value");
  EXPECT_EQ(job("array: {x: [[1], 2]}"), "3: jobs.a.array.x: expected single values");
  EXPECT_EQ(job("array: {x: 1..}"),
            "3: jobs.a.array.x: '1..' is not a range; expected such as 1..100 or 1..100..5");
  EXPECT_EQ(job("array: {x: 9..1}"),
            "3: jobs.a.array.x: '9..1' ends before it begins; a step such as 9..1..-1 counts down");
  EXPECT_EQ(
      job("array: {7x: [1]}"),
      "3: jobs.a.array.7x: '7x' can't be an axis's name; use letters, digits, '_', '.' and '-', and begin "
      "with a letter");
  EXPECT_EQ(job("array: {x: {gob: z*}}"), "3: jobs.a.array.x.gob: unknown key; did you mean 'glob'?");
  EXPECT_EQ(job("array: {x: {glob: a, lines: b}}"), "3: jobs.a.array.x: expected either glob or lines");
  EXPECT_EQ(job("array: {x: {glob: nothing*}}"),
            "3: jobs.a.array.x.glob: nothing matches 'nothing*' in " + directory_.string());
  EXPECT_EQ(job("array: {x: {lines: none.txt}}"),
            "3: jobs.a.array.x.lines: " + (directory_ / "none.txt").string() + ": No such file or directory");
  EXPECT_EQ(job("array: {alpha: [1]}, args: {o: \"%{aplha}.csv\"}"),
            "3: jobs.a.args.o: %{aplha} in '%{aplha}.csv': no axis of that name; did you mean %{alpha}?");
  EXPECT_EQ(job("array: {x: [1]}, args: {x: 2}"),
            "3: jobs.a.args.x: is an axis of the array too; it is given once");
  EXPECT_EQ(job("array: {x: 1..4000, y: 1..4000}"),
            "3: jobs.a.array: the array has 16000000 elements, at most 10000000 are allowed");
  EXPECT_EQ(job("array: {x: [1, 2], y: [1, 2]}, stdout: \"%{y}.txt\""),
            "3: jobs.a.array: stdout: elements that differ in 'x' only would all write to 1.txt; put %{x} or "
            "%{index} into the path");
  EXPECT_EQ(job("array: {x: [1, 2], y: [1, 2]}, stdout: \"%{index}.txt\", stderr: /dev/null"), "none");
  EXPECT_EQ(job("max_failed: 3"), "3: jobs.a.max_failed: goes with an array only");
}

TEST_F(WorkloadFile, NamesMistakesInDependencies) {
  EXPECT_EQ(
      mistakes(R"(godwit: 1
jobs:
  sweep: {type: t, after: swep}
  b:
    type: t
    after:
      sweep: finsihed
      b: ended
  c: {type: t, after: [d]}
  d: {type: t, after: [c, 7]}
  e: {type: t, after: [[c]]}
)"),
      "7: jobs.b.after.sweep: 'finsihed' is nothing to wait for; expected finished or ended\n"
      "11: jobs.e.after: expected jobs, such as [sweep] or {sweep: finished, md: ended}\n"
      "3: jobs.sweep.after: no job of this file is named 'swep' (one that was submitted before goes by its "
      "number); did you mean 'sweep'?\n"
      "8: jobs.b.after.b: a job can't wait for itself\n"
      "10: jobs.d.after: 'c' waits for 'd' already: neither would ever start");
}

TEST_F(WorkloadFile, NamesMistakesInLimits) {
  EXPECT_EQ(mistakes(R"(godwit: 1
defaults: {time_limit: soon, max_failed: -1}
jobs:
  a:
    type: t
    step_limit: 5
    stdout: [a]
    checkpoint: {every: often, keep: 0, partner: perhaps, compress: 9}
)"),
            "2: defaults.time_limit: 'soon' is not a duration; expected such as 90s, 10min or 1h30min\n"
            "2: defaults.max_failed: expected a whole number from 0\n"
            "6: jobs.a.step_limit: '5' is not a duration; expected such as 90s, 10min or 1h30min\n"
            "7: jobs.a.stdout: expected a path\n"
            "8: jobs.a.checkpoint.every: 'often' is not a duration; expected such as 90s, 10min or 1h30min\n"
            "8: jobs.a.checkpoint.keep: expected a whole number from 1\n"
            "8: jobs.a.checkpoint.partner: expected true or false\n"
            "8: jobs.a.checkpoint.compress: expected true or false");
}

TEST_F(WorkloadFile, RefusesWhatIsNotSupportedYetByName) {
  EXPECT_EQ(mistakes("godwit: 1\njobs:\n  a: {type: heat}\n  b: {program: ls}\n"
                     "  c: {type: heat, restart: {signal: TERM}}\n  d: {type: heat, after: {b: ended}}\n"),
            "4: jobs.b.program: not supported yet; give a type ('godwit types' lists them)\n"
            "5: jobs.c.restart: not supported yet");
}

TEST_F(WorkloadFile, RefusesAnotherSchemaAndNone) {
  EXPECT_EQ(mistakes("godwit: 2\njobs: {a: {type: heat}}\n"),
            "1: godwit: schema version '2' is not known here; expected 1");
  EXPECT_EQ(mistakes("jobs: {a: {type: heat}}\n"),
            "1: the key 'godwit' is missing; expected 'godwit: 1', the schema's version");
}

TEST_F(WorkloadFile, RefusesAnAccountThatIsNotListed) {
  EXPECT_EQ(mistakes("godwit: 1\naccounts: {chem: {}}\njobs: {a: {type: heat, account: chme}}\n"),
            "3: jobs.a.account: account 'chme' is not among 'accounts'; did you mean 'chem'?");
}

TEST_F(WorkloadFile, RefusesTwoJobsOfOneName) {
  EXPECT_EQ(mistakes("godwit: 1\njobs:\n  a: {type: heat}\n  a: {type: counter}\n"),
            "4: jobs.a: stands here a second time");
  EXPECT_EQ(mistakes("godwit: 1\njobs:\n  a: {type: heat}\n  b: {type: counter, name: a}\n"),
            "4: jobs.b: another job is named 'a' too");
}

TEST_F(WorkloadFile, SurvivesFilesThatAreNoWorkload) {
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

TEST_F(WorkloadFile, SaysWhyAFileCannotBeRead) {
  auto const missing = read_workload(directory_ / "none.yaml");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.failure().context.find("No such file"), std::string::npos) << missing.failure().context;
  EXPECT_FALSE(read_workload(directory_));
}

TEST_F(WorkloadFile, SaysWhatAccountsShare) {
  auto const workload = read_all(R"(godwit: 1
accounts:
  chem: {shares: 3, cores_max: 8}
  chem/anna: {hosts: [1, 2]}
  bio:
jobs: {a: {type: heat, account: bio}}
)");
  ASSERT_TRUE(workload) << workload.failure().context;
  EXPECT_EQ(*workload->accounts,
            (std::vector<AccountRule>{
                {"chem", 3, {}, 8}, {"chem/anna", 1, {Rank{1}, Rank{2}}, 0}, {"bio", 1, {}, 0}}));
  EXPECT_FALSE(read_all("godwit: 1\njobs: {a: {type: heat}}\n")->accounts.has_value());
}

TEST_F(WorkloadFile, NamesMistakesInAccounts) {
  EXPECT_EQ(mistakes(R"(godwit: 1
accounts:
  chem: {shares: 0, hots: [1]}
  chem//anna: {hosts: 1}
  bio: {hosts: [2, two], cores_max: none}
  geo: {hosts: [2]}
jobs: {a: {type: heat, account: boi}}
)"),
            "3: accounts.chem.hots: unknown key; did you mean 'hosts'?\n"
            "3: accounts.chem.shares: expected a whole number from 1\n"
            "4: accounts.chem//anna: a name is missing between its slashes; expected such as chem/anna\n"
            "4: accounts.chem//anna.hosts: expected a list of hosts such as [1, 2]\n"
            "5: accounts.bio.hosts: expected a whole number from 1\n"
            "5: accounts.bio.cores_max: expected a whole number from 1\n"
            "6: accounts.geo.hosts: host 2 is owned by 'bio' already\n"
            "7: jobs.a.account: account 'boi' is not among 'accounts'; did you mean 'bio'?");
}

TEST_F(WorkloadFile, MayBeOfAccountsOnly) {
  std::ofstream(file()) << "accounts: {chem: {shares: 3}, chem/anna: {}}\n";
  auto const rules = read_accounts(file());
  ASSERT_TRUE(rules) << rules.failure().context;
  EXPECT_EQ(*rules, (std::vector<AccountRule>{{"chem", 3, {}, 0}, {"chem/anna", 1, {}, 0}}));
  for (auto const* bad :
       {"godwit: 1\n", "accounts: {}\njobs: {}\n", "godwit: 2\naccounts: {}\n", "accounts: [chem]\n"}) {
    std::ofstream(file()) << bad;
    EXPECT_FALSE(read_accounts(file())) << bad;
  }
  EXPECT_FALSE(read_accounts(directory_ / "none.yaml"));
}

TEST_F(WorkloadFile, SaysWhatAJobWantsOfItsHost) {
  auto const jobs = read(R"(godwit: 1
defaults: {resources: {gpu: 1, licence: 2}, labels: [bigmem, avx512], priority: 5, together: ring}
jobs:
  a: {type: heat}
  b: {type: heat, resources: {gpu: 0, fpga: 1}, labels: fast, priority: -5, apart: twins}
)");
  ASSERT_TRUE(jobs) << jobs.failure().context;
  auto const& a = (*jobs)[0].spec;
  EXPECT_EQ(a.resources, (std::map<std::string, std::int32_t>{{"gpu", 1}, {"licence", 2}}));
  EXPECT_EQ(a.labels, (std::vector<std::string>{"bigmem", "avx512"}));
  EXPECT_EQ(a.priority, 5);
  EXPECT_EQ(a.together, "ring");
  auto const& b = (*jobs)[1].spec;
  EXPECT_EQ(b.resources, (std::map<std::string, std::int32_t>{{"fpga", 1}, {"licence", 2}}));
  EXPECT_EQ(b.labels, std::vector<std::string>{"fast"});
  EXPECT_EQ(b.priority, -5);
  EXPECT_EQ(b.apart, "twins");
}

TEST_F(WorkloadFile, NamesMistakesInWhatAJobWants) {
  EXPECT_EQ(mistakes(R"(godwit: 1
jobs:
  a:
    type: heat
    resources: {gpu: many, 7up: 1}
    labels: [fine, "two words"]
    priority: high
    apart: [x]
    resource: {gpu: 1}
  b: {type: heat, resources: gpu}
)"),
            "9: jobs.a.resource: unknown key; did you mean 'resources'?\n"
            "5: jobs.a.resources.gpu: expected a whole number from 0\n"
            "5: jobs.a.resources.7up: '7up' can't be a resource's name; use letters, digits, '_', '.' and "
            "'-', and begin "
            "with a letter\n"
            "6: jobs.a.labels: 'two words' can't be a label; use letters, digits, '_', '.' and '-', and "
            "begin with a "
            "letter\n"
            "7: jobs.a.priority: expected a whole number from -1000000\n"
            "8: jobs.a.apart: '' can't be a group's name; use letters, digits, '_', '.' and '-', and begin "
            "with a letter\n"
            "10: jobs.b.resources: expected a map of names to counts, such as {gpu: 1}");
}

}  // namespace
}  // namespace godwit
