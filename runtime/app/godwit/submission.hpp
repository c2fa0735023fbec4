// What `submit` and `run` have in common: the words that say which jobs, and the flags of one job.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/godwit/invocation.hpp"
#include "message/command.hpp"

namespace godwit::cli {

struct Submission {
  std::vector<std::string> words;  // TYPE key=value …, or a workload file
  std::string account, name, directory, memory, checkpoint_every, time_limit, step_limit, stdout_path,
      stderr_path;
  std::string together, apart;
  std::vector<std::string> environment, arrays, each_line, after, resources, labels;
  std::string keep_every, quota;  // of its checkpoints
  std::int32_t keep{0};
  bool compress{false};
  bool partner{false};
  std::int32_t priority{0};
  std::int32_t cores{1};
  std::int32_t host{no_rank.value};
  std::int32_t crash_limit{JobSpec{}.crash_limit};
  std::int32_t host_loss_limit{JobSpec{}.host_loss_limit};
  std::int32_t max_failed{JobSpec{}.max_failed};
  std::vector<std::string> flags_given;  // by name, for messages
};

// --keep, --keep-every and --quota.
[[nodiscard]] Status read_retention(std::int32_t keep, std::string const& keep_every, std::string const& quota, Retention& to);

// The options fill `to`, which must outlive the parsing.
void add_submission_options(CLI::App& verb, Submission& to);

struct Request {
  std::optional<std::vector<AccountRule>> accounts;  // to be set before the jobs are submitted
  cmd::Submit submit;
};

// The jobs that are meant; none without words. A failure is one of usage (exit 2).
Result<Request> jobs_of(Submission const& submission);

}  // namespace godwit::cli
