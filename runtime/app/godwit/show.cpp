// `godwit show`: all that is known about a job.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "app/godwit/format.hpp"
#include "app/godwit/json.hpp"
#include "app/godwit/outcome.hpp"
#include "app/godwit/talk.hpp"
#include "app/godwit/verbs.hpp"
#include "base/figures.hpp"

namespace godwit::cli {
namespace {

void print_fact(char const* name, std::string const& value) {
  if (!value.empty()) fmt::print("  {:<12}{}\n", name, value);
}

void show_array(cmd::JobRow const& row) {
  if (!row.elements) return;
  print_fact("array", fmt::format("{} jobs: {}", spell_count(row.elements->all()), spell_axes(row.axes)));
  print_fact("elements", spell_counts(*row.elements));
}

void show_wishes(JobSpec const& spec) {
  print_fact("cores", fmt::format("{}", spec.cores));
  std::string resources;
  for (auto const& [name, count] : spec.resources)
    resources += fmt::format("{}{}={}", resources.empty() ? "" : " ", name, count);
  print_fact("resources", resources);
  print_fact("labels", fmt::format("{}", fmt::join(spec.labels, " ")));
  print_fact("priority", spec.priority == 0 ? "" : fmt::format("{}", spec.priority));
  print_fact("together", spec.together);
  print_fact("apart", spec.apart);
  print_fact("memory", spec.memory_bytes == 0 ? "" : "at most " + spell_bytes(spec.memory_bytes));
  print_fact("time limit", spec.time_limit.count() == 0 ? "" : spell_duration(spec.time_limit));
  print_fact("step limit", spec.step_limit.count() == 0 ? "" : spell_duration(spec.step_limit));
  auto const every = spec.checkpoint_auto                 ? "as often as pays"
                     : spec.checkpoint_every.count() == 0 ? "on request and at shutdown"
                                                          : "every " + spell_duration(spec.checkpoint_every);
  print_fact("checkpoints", every + (spec.checkpoint_partner ? ", and copies in a partner's memory" : ""));
  print_fact("max failed", spec.max_failed < 0 ? "" : fmt::format("{}", spec.max_failed));
  std::string after;
  for (auto const& one : spec.after) {
    after += fmt::format("{}{} {}", after.empty() ? "" : ", ", one.job,
                         one.until == Dependency::Until::ended ? "has ended" : "has finished");
  }
  print_fact("after", after);
  print_fact("stdout", spec.stdout_path);
  print_fact("stderr", spec.stderr_path);
  std::string environment;
  for (auto const& [key, value] : spec.environment)
    environment += (environment.empty() ? "" : " ") + key + "=" + value;
  print_fact("environment", environment);
}

void show_progress(cmd::JobRow const& row) {
  print_fact("host", row.host == no_rank ? "" : fmt::format("{} (epoch {})", row.host, row.epoch));
  auto const progress =
      row.progress.total == 0
          ? std::string()
          : fmt::format(", {} of {} {} ({})", spell_count(row.progress.done), spell_count(row.progress.total),
                        row.progress.unit, spell_progress(row.progress));
  print_fact("steps", spell_count(row.steps) + progress);
  if (row.step_p50.count() > 0) {
    print_fact("a step",
               fmt::format("p50 {}, p99 {}", spell_duration(row.step_p50), spell_duration(row.step_p99)));
  }
  print_fact("copy", row.copy_at == no_rank ? "" : fmt::format("in the memory of host {}", row.copy_at));
  print_fact("moves", fmt::format("{}", row.moves));
  print_fact("crashes", fmt::format("{} (fails after {})", row.crashes, row.spec.crash_limit));
  if (row.state == JobState::held) print_fact("held", "until 'godwit resume': too many hosts in a row died with it");
}

void show_job(cmd::JobRow const& row) {
  auto const& spec = row.spec;
  fmt::print("job {} {}{}   {}\n", row.job, spec.type,
             spec.name.empty() ? "" : fmt::format(" \"{}\"", spec.name),
             row.elements ? fmt::format("{} jobs", spell_count(row.elements->all())) : to_string(row.state));
  show_array(row);
  print_fact("arguments", spell_arguments(spec));
  print_fact("account", spec.account);
  print_fact("directory", spec.directory);
  if (!row.elements) show_progress(row);
  show_wishes(spec);
  print_fact("submitted", spell_time(row.submitted));
  print_fact("started", spell_time(row.started));
  print_fact("ended", spell_time(row.ended));
  for (auto const& image : row.images) {
    print_fact("image", fmt::format("{}:{}  {}", row.job, image.generation, image.path));
  }
  if (is_over(row)) fmt::print("{}\n", spell_outcome(row));
}

int show(Invocation const& invocation, std::string const& job) {
  auto const jobs = ask_once<cmd::Jobs>(invocation, cmd::ShowJob{job});
  if (!jobs) return invocation.complain(jobs.failure());
  if (invocation.json) {
    print_json(json_list(jobs->rows));
    return exit_done;
  }
  for (auto const& row : jobs->rows) show_job(row);
  return exit_done;
}

}  // namespace

void add_show(CLI::App& app, Invocation& invocation) {
  auto& one = add_verb(app, invocation, "show", "All that is known about a job",
                       "godwit show 7\ngodwit show sweep_3");
  auto shown = std::make_shared<std::string>();
  one.add_option("JOB", *shown, job_help)->required()->type_name("");
  one.callback([&invocation, shown] {
    invocation.action = [&invocation, shown] { return show(invocation, *shown); };
  });
}

}  // namespace godwit::cli
