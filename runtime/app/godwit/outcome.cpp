#include "app/godwit/outcome.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "app/godwit/format.hpp"
#include "app/godwit/invocation.hpp"
#include "base/figures.hpp"

namespace godwit::cli {
namespace {

std::string indented(std::string const& lines) {
  std::istringstream in(lines);
  std::string all;
  for (std::string line; std::getline(in, line);) all += "\n  | " + line;
  return all;
}

std::string spell_effort(cmd::JobRow const& row) {
  auto const steps = row.outcome.steps > 0 ? row.outcome.steps : row.steps;
  auto effort = fmt::format("{} step{}", spell_count(steps), steps == 1 ? "" : "s");
  if (row.started.unix_ns > 0 && row.ended.unix_ns > row.started.unix_ns) {
    effort += ", " + spell_duration(Duration{row.ended.unix_ns - row.started.unix_ns});
  }
  return effort;
}

}  // namespace

std::string spell_job(cmd::JobRow const& row) {
  return fmt::format("job {} {}", row.job, row.spec.name.empty() ? row.spec.type : row.spec.name);
}

std::string spell_progress(Progress const& progress) {
  if (progress.total > 0) {
    auto const share = 100.0 * static_cast<double>(progress.done) / static_cast<double>(progress.total);
    return fmt::format("{:.1f} %", share);
  }
  if (progress.done > 0) return fmt::format("{} {}", spell_count(progress.done), progress.unit);
  return {};
}

std::string spell_outcome(cmd::JobRow const& row) {
  switch (row.state) {
    case JobState::finished:
      return fmt::format("{} finished: {}", spell_job(row), spell_effort(row));
    case JobState::cancelled:
      return fmt::format("{} cancelled", spell_job(row));
    case JobState::failed:
      return fmt::format("{} failed: {}{}", spell_job(row), row.outcome.reason,
                         indented(row.outcome.log_tail));
    case JobState::stranded:
      return fmt::format(
          "{} is stranded: its host died; it goes on from its newest checkpoint when the "
          "runtime is started again",
          spell_job(row));
    default:
      return fmt::format("{} is {}", spell_job(row), to_string(row.state));
  }
}

int exit_code_of(std::vector<cmd::JobRow> const& rows) {
  auto const any = [&](auto predicate) { return std::any_of(rows.begin(), rows.end(), predicate); };
  if (any([](auto const& row) { return is_ended(row.state) && row.state != JobState::finished; })) {
    return exit_refused;
  }
  if (any([](auto const& row) { return row.state == JobState::stranded; })) return exit_requeue;
  return exit_done;
}

}  // namespace godwit::cli
