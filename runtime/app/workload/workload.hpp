// A workload file (YAML, schema 1) becomes the jobs and job arrays it stands for, in the file's order. A
// job's key is its name and so its identity when the file is run again; paths count from the file's own
// directory, so that it doesn't matter from where it is run.
//
// Nothing is half read: either all jobs, or one failure that lists every mistake, a line each, as
// "plate.yaml:7: jobs.plate.argz: unknown key; did you mean 'args'?".
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.hpp"
#include "job/array.hpp"

namespace godwit {

[[nodiscard]] Result<std::vector<JobArray>> read_workload(std::filesystem::path const& file);

}  // namespace godwit
