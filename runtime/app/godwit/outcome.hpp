// What became of jobs, in words: used by `wait`, `run` and `show`.
#pragma once

#include <string>
#include <vector>

#include "message/command.hpp"

namespace godwit::cli {

[[nodiscard]] std::string spell_job(cmd::JobRow const& row);         // "job 7 plate", "job 8 heat"
[[nodiscard]] std::string spell_progress(Progress const& progress);  // "30.7 %", "61,440 steps", ""

// "job 7 plate finished: 500 steps, 12 s"; of a failed job the reason and the last lines of its log.
[[nodiscard]] std::string spell_outcome(cmd::JobRow const& row);

// 0 if all finished; 75 if some are only stranded; else 1.
[[nodiscard]] int exit_code_of(std::vector<cmd::JobRow> const& rows);

}  // namespace godwit::cli
