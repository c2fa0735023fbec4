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

// ", 12 s", or nothing if that isn't known.
std::string spell_span(cmd::JobRow const& row) {
  if (row.started.unix_ns == 0 || row.ended.unix_ns <= row.started.unix_ns) return {};
  return ", " + spell_duration(Duration{row.ended.unix_ns - row.started.unix_ns});
}

std::string spell_effort(cmd::JobRow const& row) {
  auto const steps = row.outcome.steps > 0 ? row.outcome.steps : row.steps;
  auto const effort = fmt::format("{} step{}", spell_count(steps), steps == 1 ? "" : "s");
  return effort + spell_span(row);
}

std::string spell_array(cmd::JobRow const& row) {
  auto const& counts = *row.elements;
  auto const jobs = fmt::format("{} jobs", spell_count(counts.all()));
  if (counts.finished == counts.all())
    return fmt::format("{} finished: {}{}", spell_job(row), jobs, spell_span(row));
  auto text = fmt::format("{}: {}: {}{}", spell_job(row), jobs, spell_counts(counts), spell_span(row));
  if (counts.failed > failed_named_max) {
    text += fmt::format("\n  {} more failed: godwit ps {}@failed --elements",
                        spell_count(counts.failed - failed_named_max),
                        row.spec.name.empty() ? fmt::format("{}", row.job) : row.spec.name);
  }
  return text;
}

}  // namespace

std::string spell_arguments(JobSpec const& spec) {
  std::string all;
  for (auto const& [key, value] : spec.arguments) all += (all.empty() ? "" : " ") + key + "=" + value;
  return all;
}

std::string spell_axes(std::vector<Axis> const& axes) {
  std::string all;
  for (auto const& axis : axes) {
    all += (all.empty() ? "" : " ") + axis.name + "=";
    if (axis.count > 0) {
      all += axis.value(0) + ".." + axis.value(axis.size() - 1);
      if (axis.step != 1) all += fmt::format("..{}", axis.step);
      continue;
    }
    constexpr std::size_t shown_max = 5;
    auto const shown = std::min(axis.values.size(), shown_max);
    all += fmt::format(
        "{}", fmt::join(axis.values.begin(), axis.values.begin() + static_cast<std::ptrdiff_t>(shown), ","));
    if (shown < axis.values.size()) all += fmt::format(",… ({})", spell_count(axis.values.size()));
  }
  return all;
}

std::string spell_counts(JobCounts const& counts) {
  std::string text;
  for (auto const& [count, word] : {std::pair{counts.running, "running"},
                                    {counts.waiting, "waiting"},
                                    {counts.suspended, "suspended"},
                                    {counts.finished, "finished"},
                                    {counts.failed, "failed"},
                                    {counts.cancelled, "cancelled"},
                                    {counts.stranded, "stranded"},
                                    {counts.held, "held"}}) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", spell_count(count), word);
  }
  return text;
}

bool is_over(cmd::JobRow const& row) {
  if (row.elements) return row.elements->live() == row.elements->held;
  return is_ended(row.state) || row.state == JobState::held;
}

cmd::ListJobs failed_elements(JobId array) {
  return {.jobs = fmt::format("{}@failed", array), .elements = true, .limit = failed_named_max};
}

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
  if (row.elements) return spell_array(row);
  switch (row.state) {
    case JobState::finished:
      return fmt::format("{} finished: {}", spell_job(row), spell_effort(row));
    case JobState::cancelled:
      return fmt::format("{} cancelled", spell_job(row));
    case JobState::failed:
      return fmt::format("{} failed: {}{}", spell_job(row), row.outcome.reason,
                         indented(row.outcome.log_tail));
    case JobState::held:
      return fmt::format(
          "{} is held: {} hosts in a row died while they had it; 'godwit resume {}' lets it start again",
          spell_job(row), row.spec.host_loss_limit, row.job);
    case JobState::stranded:
      return fmt::format(
          "{} is stranded: its host died, and may still run it; it goes on elsewhere as soon as that is out of the "
          "question",
          spell_job(row));
    default:
      return fmt::format("{} is {}", spell_job(row), to_string(row.state));
  }
}

int exit_code_of(std::vector<cmd::JobRow> const& rows) {
  auto const any = [&](auto of_elements, auto of_one) {
    return std::any_of(rows.begin(), rows.end(), [&](auto const& row) {
      return row.elements ? of_elements(*row.elements) : of_one(row.state);
    });
  };
  bool const refused = any([](JobCounts const& counts) { return counts.failed + counts.cancelled + counts.held > 0; },
                           [](JobState state) {
                             return state == JobState::held || (is_ended(state) && state != JobState::finished);
                           });
  return refused ? exit_refused : exit_done;
}

}  // namespace godwit::cli
