// What a job printed: where it goes in the store, and the last lines of it.
#pragma once

#include <filesystem>
#include <string>

#include "base/ids.hpp"

namespace godwit {

// STORE-relative: jobs/<id>/stdout, jobs/<id>/stderr.
[[nodiscard]] std::string printed_path(JobId job, char const* stream);

// The last lines of the job's stderr or, if that is empty, its stdout; empty if neither can be read.
[[nodiscard]] std::string last_lines(std::filesystem::path const& store, JobId job);

}  // namespace godwit
