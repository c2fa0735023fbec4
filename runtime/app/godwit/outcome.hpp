// What became of jobs, in words: used by `wait`, `run` and `show`.
#pragma once

#include <string>
#include <vector>

#include "message/command.hpp"

namespace godwit::cli {

[[nodiscard]] std::string spell_job(cmd::JobRow const& row);         // "job 7 plate", "job 8 heat"
[[nodiscard]] std::string spell_progress(Progress const& progress);  // "30.7 %", "61,440 steps", ""
[[nodiscard]] std::string spell_arguments(JobSpec const& spec);      // "n=64 steps=500"
[[nodiscard]] std::string spell_axes(
    std::vector<Axis> const& axes);                               // "alpha=0.1,0.2 seed=1..100", cut short
[[nodiscard]] std::string spell_counts(JobCounts const& counts);  // "4 running, 284 waiting, 12 finished"

// "job 7 plate finished: 500 steps, 12 s"; of a failed job the reason and the last lines of its log; of an
// array how many of its elements did what.
[[nodiscard]] std::string spell_outcome(cmd::JobRow const& row);

// Has it ended, or has each of its elements; or is it held, so that it won't end without a user's word?
[[nodiscard]] bool is_over(cmd::JobRow const& row);

// Of an array's failed elements so many are named, and how to ask for the others is said.
inline constexpr std::uint32_t failed_named_max = 20;
[[nodiscard]] cmd::ListJobs failed_elements(JobId array);

// 0 if all finished; else 1.
[[nodiscard]] int exit_code_of(std::vector<cmd::JobRow> const& rows);

}  // namespace godwit::cli
