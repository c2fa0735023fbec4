#include "app/godwit/submission.hpp"

#include <fmt/format.h>

#include "app/workload/argument.hpp"
#include "app/workload/workload.hpp"

namespace godwit::cli {
namespace {

bool names_workload(std::string const& word) {
  return word.ends_with(".yaml") || word.ends_with(".yml");
}

Result<cmd::Submit> jobs_of_file(Submission const& submission) {
  auto const& file = submission.words.front();
  if (submission.words.size() > 1) {
    return reject("usage",
                  fmt::format("'{}' after the workload file {}: arguments of its jobs stand in the file",
                              submission.words[1], file));
  }
  if (!submission.flags_given.empty()) {
    return reject("usage", fmt::format("{} doesn't go with a workload file: write it into {}",
                                       submission.flags_given.front(), file));
  }
  auto jobs = read_workload(file);
  if (!jobs) return jobs.failure();
  return cmd::Submit{{jobs->begin(), jobs->end()}, true};
}

Status read_values(Submission const& submission, JobSpec& job) {
  for (std::size_t i = 1; i < submission.words.size(); ++i) {
    auto pair = parse_pair(submission.words[i]);
    if (!pair) return pair.failure();
    if (!job.arguments.insert(*pair).second) {
      return reject("usage", fmt::format("the argument '{}' is given twice", pair->first));
    }
  }
  for (auto const& word : submission.environment) {
    auto pair = parse_pair(word);
    if (!pair) return reject("usage", fmt::format("--env {}: expected KEY=VALUE", word));
    job.environment.insert_or_assign(pair->first, pair->second);
  }
  if (!submission.memory.empty()) {
    auto const bytes = parse_size(submission.memory);
    if (!bytes) return reject("usage", "--mem: " + bytes.failure().context);
    job.memory_bytes = *bytes;
  }
  if (!submission.checkpoint_every.empty()) {
    auto const every = parse_duration(submission.checkpoint_every);
    if (!every) return reject("usage", "--checkpoint-every: " + every.failure().context);
    job.checkpoint_every = *every;
  }
  if (!submission.name.empty()) return check_name(submission.name);
  return Done{};
}

}  // namespace

void add_submission_options(CLI::App& verb, Submission& to) {
  verb.add_option("WHAT", to.words, "TYPE key=value …, or a workload file (.yaml)")->type_name("");
  auto const note = [&to](CLI::Option* option) {
    option->each([&to, option](std::string const&) { to.flags_given.push_back(option->get_name()); });
  };
  note(verb.add_option("-A,--account", to.account, "Who is charged; else you")->type_name("NAME"));
  note(verb.add_option("-J,--name", to.name, "The job's name")->type_name("NAME"));
  note(verb.add_option("-c,--cores", to.cores, "Cores it uses")->type_name("N")->check(at_least(1)));
  note(verb.add_option("--mem", to.memory, "Most memory for its state, such as 2GiB")->type_name("SIZE"));
  note(verb.add_option("-D,--cwd", to.directory, "Its working directory; else this one")->type_name("DIR"));
  note(verb.add_option("--host", to.host, "Start on this host only")->type_name("HOST")->check(at_least(1)));
  note(verb.add_option("--env", to.environment, "Add to its environment; may be repeated")
           ->type_name("K=V")
           ->allow_extra_args(false));
  note(verb.add_option("--crash-limit", to.crash_limit, "Crashes after which it fails; else 3")
           ->type_name("N")
           ->check(at_least(0)));
  note(verb.add_option("--checkpoint-every", to.checkpoint_every,
                       "Such as 10min; else on request and at shutdown")
           ->type_name("TIME"));
}

Result<cmd::Submit> jobs_of(Submission const& submission) {
  if (submission.words.empty()) {
    if (submission.flags_given.empty()) return cmd::Submit{};
    return reject("usage", fmt::format("{} is given, but no job type", submission.flags_given.front()));
  }
  if (names_workload(submission.words.front())) return jobs_of_file(submission);
  JobSpec job;
  job.type = submission.words.front();
  job.name = submission.name;
  job.account = submission.account.empty() ? default_account() : submission.account;
  job.directory = directory_from(".", submission.directory);
  job.cores = submission.cores;
  job.host = Rank{submission.host};
  job.crash_limit = submission.crash_limit;
  if (auto const read = read_values(submission, job); !read) return read.failure();
  return cmd::Submit{{std::move(job)}, false};
}

}  // namespace godwit::cli
