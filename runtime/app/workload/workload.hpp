// A workload file (YAML, schema 1) becomes the jobs and job arrays it stands for, in the file's order, and
// the accounts. A job's key is its name and so its identity when the file is run again; paths count from the
// file's own directory, so that it doesn't matter from where it is run.
//
// Nothing is half read: either all jobs, or one failure that lists every mistake, a line each, as
// "plate.yaml:7: jobs.plate.argz: unknown key; did you mean 'args'?".
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "job/account.hpp"
#include "job/array.hpp"

namespace godwit {

struct Workload {
  std::optional<std::vector<AccountRule>> accounts;  // none: the file says nothing about them
  std::vector<JobArray> jobs;
};

[[nodiscard]] Result<Workload> read_workload(std::filesystem::path const& file);

// A file that says nothing but `accounts:`.
[[nodiscard]] Result<std::vector<AccountRule>> read_accounts(std::filesystem::path const& file);

}  // namespace godwit
