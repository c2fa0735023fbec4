#include "app/godwit/submission.hpp"

#include <fmt/format.h>

#include "app/workload/argument.hpp"
#include "app/workload/axes.hpp"
#include "app/workload/workload.hpp"

namespace godwit::cli {
namespace {

bool names_workload(std::string const& word) {
  return word.ends_with(".yaml") || word.ends_with(".yml");
}

Failure wrong(std::string_view flag, Failure const& why) {
  return reject("usage", fmt::format("{}: {}", flag, why.context));
}

Result<Request> jobs_of_file(Submission const& submission) {
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
  auto workload = read_workload(file);
  if (!workload) return workload.failure();
  return Request{std::move(workload->accounts), {std::move(workload->jobs), true}};
}

Status read_arguments(Submission const& submission, JobSpec& job) {
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
  return Done{};
}

Status read_duration(std::string const& word, char const* flag, Duration& to) {
  if (word.empty()) return Done{};
  auto const duration = parse_duration(word);
  if (!duration) return wrong(flag, duration.failure());
  to = *duration;
  return Done{};
}

}  // namespace

Status read_retention(std::int32_t keep, std::string const& keep_every, std::string const& quota, Retention& to) {
  to.keep = keep;
  if (!keep_every.empty()) {
    if (auto const set = set_keep_every(keep_every, to); !set) return wrong("--keep-every", set.failure());
    if (keep == 0) return reject("usage", "--keep-every goes with --keep: without it all generations are kept");
  }
  if (quota.empty()) return Done{};
  auto const bytes = parse_size(quota);
  if (!bytes) return wrong("--quota", bytes.failure());
  to.quota_bytes = *bytes;
  return Done{};
}

namespace {

Status read_limits(Submission const& submission, JobSpec& job) {
  if (!submission.memory.empty()) {
    auto const bytes = parse_size(submission.memory);
    if (!bytes) return wrong("--mem", bytes.failure());
    job.memory_bytes = *bytes;
  }
  if (!submission.checkpoint_every.empty()) {
    if (auto const set = set_checkpoint_every(submission.checkpoint_every, job); !set)
      return wrong("--checkpoint-every", set.failure());
  }
  if (auto const read = read_retention(submission.keep, submission.keep_every, submission.quota, job.retention); !read) return read;
  for (auto const& word : submission.after) {
    auto const some = parse_dependencies(word);
    if (!some) return wrong("--after", some.failure());
    job.after.insert(job.after.end(), some->begin(), some->end());
  }
  if (auto const read = read_duration(submission.time_limit, "--time-limit", job.time_limit); !read)
    return read;
  if (auto const read = read_duration(submission.step_limit, "--step-limit", job.step_limit); !read)
    return read;
  return submission.name.empty() ? Done{} : check_name(submission.name);
}

Status read_requirements(Submission const& submission, JobSpec& job) {
  for (auto const& word : submission.resources) {
    auto const resource = parse_resource(word);
    if (!resource) return wrong("--resource", resource.failure());
    if (!job.resources.insert(*resource).second) {
      return reject("usage", fmt::format("--resource {} is given twice", resource->first));
    }
  }
  for (auto const& word : submission.labels) {
    if (auto const named = check_word("a label", word); !named) return wrong("--label", named.failure());
    job.labels.push_back(word);
  }
  for (auto const& [flag, group] :
       {std::pair{"--together", &submission.together}, {"--apart", &submission.apart}}) {
    if (group->empty()) continue;
    if (auto const named = check_word("a group's name", *group); !named) return wrong(flag, named.failure());
  }
  job.priority = submission.priority;
  job.together = submission.together;
  job.apart = submission.apart;
  return Done{};
}

Status read_axes(Submission const& submission, JobArray& job) {
  for (auto const& word : submission.arrays) {
    auto axis = parse_axis(word);
    if (!axis) return wrong("--array", axis.failure());
    job.axes.push_back(*std::move(axis));
  }
  for (auto const& file : submission.each_line) {
    auto lines = lines_of(file);
    if (!lines) return wrong("--each-line", lines.failure());
    job.axes.push_back({.name = "line", .values = *std::move(lines)});
  }
  if (!job.is_array()) {
    if (submission.max_failed < 0) return Done{};
    return reject("usage", "--max-failed goes with an array only: see --array and --each-line");
  }
  if (auto const checked = check_array(job); !checked) return checked;
  return check_streams(job);
}

}  // namespace

void add_submission_options(CLI::App& verb, Submission& to) {
  verb.add_option("WHAT", to.words, "TYPE key=value …, or a workload file (.yaml)")->type_name("");
  auto const note = [&to](CLI::Option* option, char const* kind) {
    option->type_name(kind);
    option->each([&to, option](std::string const&) { to.flags_given.push_back(option->get_name()); });
    return option;
  };
  note(verb.add_option("-A,--account", to.account, "Who is charged; else you"), "NAME");
  note(verb.add_option("-J,--name", to.name, "The job's name"), "NAME");
  note(
      verb.add_option("-a,--array", to.arrays,
                      "As many jobs as there are values: 1-100, seed=1..100 or size=s,m,l. Each value is the "
                      "argument of that name, and stands where %{seed} does (%{index} for 1-100). Repeated: "
                      "every combination"),
      "AXIS")
      ->allow_extra_args(false);
  note(verb.add_option("--each-line", to.each_line, "A job for each line of a file; %{line} stands for it"),
       "FILE")
      ->allow_extra_args(false);
  note(verb.add_option("-c,--cores", to.cores, "Cores it uses"), "N")->check(at_least(1));
  note(
      verb.add_option("--mem", to.memory, "Most memory that it may use, such as 2GiB; set aside on its host"),
      "SIZE");
  note(verb.add_option("--resource", to.resources,
                       "A counted resource of its host that is its own while it is there; may be repeated"),
       "NAME=N")
      ->allow_extra_args(false);
  note(verb.add_option("--label", to.labels, "Only on hosts with this label; may be repeated"), "NAME")
      ->allow_extra_args(false);
  note(verb.add_option("--together", to.together, "All live jobs of this group are on one host"), "GROUP");
  note(verb.add_option("--apart", to.apart, "No two live jobs of this group are on one host"), "GROUP");
  note(verb.add_option("--priority", to.priority,
                       "Among the jobs of its account: the highest is served first; else 0"),
       "N")
      ->check(CLI::Range(-priority_max, priority_max));
  note(verb.add_option("-t,--time-limit", to.time_limit, "It fails after running for that long, such as 6h"),
       "TIME");
  note(verb.add_option("--step-limit", to.step_limit,
                       "A step that takes longer counts as a crash; else it may take for ever"),
       "TIME");
  note(verb.add_option(
           "-d,--after", to.after,
           "Start when that job has finished, or with JOB:ended when it has ended in any way; several "
           "with commas"),
       "JOB")
      ->allow_extra_args(false);
  note(verb.add_option("-D,--cwd", to.directory, "Its working directory; else this one"), "DIR");
  note(verb.add_option("--host", to.host, "Start on this host only"), "HOST")->check(at_least(1));
  note(verb.add_option("--env", to.environment, "Add to its environment; may be repeated"), "K=V")
      ->allow_extra_args(false);
  note(verb.add_option("--max-failed", to.max_failed,
                       "Of an array: when more than this many have failed, no more start; else all do"),
       "N")
      ->check(at_least(0));
  note(verb.add_option("--crash-limit", to.crash_limit, "Crashes after which it fails; else 3"), "N")
      ->check(at_least(0));
  note(verb.add_option("--host-loss-limit", to.host_loss_limit,
                       "Hosts in a row that died with it, after which it is held until it is resumed; else 3; 0: "
                       "never"),
       "N")
      ->check(at_least(0));
  note(verb.add_option("--stdout", to.stdout_path,
                       "A file for its stdout, seen from its directory; else the store's own"),
       "PATH");
  note(verb.add_option("--stderr", to.stderr_path, "The same for its stderr"), "PATH");
  note(verb.add_option("--checkpoint-every", to.checkpoint_every,
                       "Such as 10min, or 'auto': as often as pays; else on request and at shutdown"),
       "TIME");
  note(verb.add_option("--keep", to.keep, "The newest generations of its checkpoints to keep; else all"), "N")->check(at_least(1));
  note(verb.add_option("--keep-every", to.keep_every,
                       "With --keep: of the older ones each Nth, too, or the first in each such time"),
       "N|TIME");
  note(verb.add_flag("--partner", to.partner, "Keep a copy in another host's memory as well, for restarts that need no disk"), "");
  note(verb.add_option("--quota", to.quota, "Most that all its generations may take: the oldest go first"), "SIZE");
  note(verb.add_flag("--compress", to.compress, "Write the large arrays of its checkpoints compressed: smaller, and slower"), "");
}

Result<Request> jobs_of(Submission const& submission) {
  if (submission.words.empty()) {
    if (submission.flags_given.empty()) return Request{};
    return reject("usage", fmt::format("{} is given, but no job type", submission.flags_given.front()));
  }
  if (names_workload(submission.words.front())) return jobs_of_file(submission);
  JobArray job;
  auto& spec = job.spec;
  spec.type = submission.words.front();
  spec.name = submission.name;
  spec.account = submission.account.empty() ? default_account() : submission.account;
  spec.directory = directory_from(".", submission.directory);
  spec.cores = submission.cores;
  spec.host = Rank{submission.host};
  spec.crash_limit = submission.crash_limit;
  spec.host_loss_limit = submission.host_loss_limit;
  spec.max_failed = submission.max_failed;
  spec.checkpoint_compress = submission.compress;
  spec.checkpoint_partner = submission.partner;
  spec.stdout_path = submission.stdout_path;
  spec.stderr_path = submission.stderr_path;
  if (auto const read = read_arguments(submission, spec); !read) return read.failure();
  if (auto const read = read_limits(submission, spec); !read) return read.failure();
  if (auto const read = read_requirements(submission, spec); !read) return read.failure();
  if (auto const read = read_axes(submission, job); !read) return read.failure();
  return Request{{}, {{std::move(job)}, false}};
}

}  // namespace godwit::cli
