// Verbs that show jobs and hosts: ps hosts show.
#include <fmt/format.h>

#include <memory>

#include "app/godwit/format.hpp"
#include "app/godwit/json.hpp"
#include "app/godwit/outcome.hpp"
#include "app/godwit/talk.hpp"
#include "app/godwit/verbs.hpp"
#include "base/figures.hpp"

namespace godwit::cli {
namespace {

std::string spell_rank(Rank rank) {
  return rank == no_rank ? "–" : fmt::format("{}", rank);
}

std::string spell_arguments(JobSpec const& spec) {
  std::string all;
  for (auto const& [key, value] : spec.arguments) all += (all.empty() ? "" : " ") + key + "=" + value;
  return all;
}

int list_jobs(Invocation const& invocation, Rank host) {
  auto jobs = ask_once<cmd::Jobs>(invocation, cmd::ListJobs{});
  if (!jobs) return invocation.complain(jobs.failure());
  if (host != no_rank) std::erase_if(jobs->rows, [&](auto const& row) { return row.host != host; });
  if (invocation.json) {
    print_json(json_list(jobs->rows));
    return exit_done;
  }
  Table table({{"JOB", Table::Align::right},
               {"TYPE"},
               {"NAME"},
               {"STATE"},
               {"HOST", Table::Align::right},
               {"STEPS", Table::Align::right},
               {"PROGRESS", Table::Align::right},
               {"ARGS"}});
  for (auto const& row : jobs->rows) {
    table.add({fmt::format("{}", row.job), row.spec.type, row.spec.name, to_string(row.state),
               spell_rank(row.host), spell_count(row.steps), spell_progress(row.progress),
               spell_arguments(row.spec)});
  }
  fmt::print("{}", table.text());
  return exit_done;
}

int list_hosts(Invocation const& invocation) {
  auto const hosts = ask_once<cmd::Hosts>(invocation, cmd::ListHosts{});
  if (!hosts) return invocation.complain(hosts.failure());
  if (invocation.json) {
    print_json(json_list(hosts->rows));
    return exit_done;
  }
  Table table({{"HOST", Table::Align::right},
               {"PID", Table::Align::right},
               {"NODE"},
               {"STATE"},
               {"LOAD", Table::Align::right},
               {"JOBS", Table::Align::right},
               {"SLOTS", Table::Align::right},
               {"CORES", Table::Align::right},
               {"HEARD", Table::Align::right}});
  for (auto const& row : hosts->rows) {
    table.add({fmt::format("{}", row.host), fmt::format("{}", row.pid), row.node, row.state,
               fmt::format("{:.2f}", static_cast<double>(row.load_milli) / 1000), fmt::format("{}", row.jobs),
               fmt::format("{}", row.slots), fmt::format("{}", row.cores),
               spell_duration(row.heard) + " ago"});
  }
  fmt::print("{}", table.text());
  return exit_done;
}

void print_fact(char const* name, std::string const& value) {
  if (!value.empty()) fmt::print("  {:<12}{}\n", name, value);
}

void show_job(cmd::JobRow const& row) {
  auto const& spec = row.spec;
  fmt::print("job {} {}{}   {}\n", row.job, spec.type,
             spec.name.empty() ? "" : fmt::format(" \"{}\"", spec.name), to_string(row.state));
  print_fact("arguments", spell_arguments(spec));
  print_fact("account", spec.account);
  print_fact("directory", spec.directory);
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
  print_fact("cores", fmt::format("{}", spec.cores));
  print_fact("memory", spec.memory_bytes == 0 ? "" : "at most " + spell_bytes(spec.memory_bytes));
  print_fact("checkpoints", spec.checkpoint_every.count() == 0
                                ? "on request and at shutdown"
                                : "every " + spell_duration(spec.checkpoint_every));
  print_fact("moves", fmt::format("{}", row.moves));
  print_fact("crashes", fmt::format("{} (fails after {})", row.crashes, spec.crash_limit));
  print_fact("submitted", spell_time(row.submitted));
  print_fact("started", spell_time(row.started));
  print_fact("ended", spell_time(row.ended));
  for (auto const& image : row.images) {
    print_fact("image", fmt::format("{}:{}  {}", row.job, image.generation, image.path));
  }
  if (is_ended(row.state) || row.state == JobState::stranded) fmt::print("{}\n", spell_outcome(row));
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

void add_list_verbs(CLI::App& app, Invocation& invocation) {
  auto& ps = add_verb(app, invocation, "ps", "List jobs", "godwit ps\ngodwit ps --host 2 --json");
  auto host = std::make_shared<std::int32_t>(no_rank.value);
  ps.add_option("--host", *host, "Only jobs on this host")->type_name("HOST")->check(at_least(1));
  ps.callback([&invocation, host] {
    invocation.action = [&invocation, host] { return list_jobs(invocation, Rank{*host}); };
  });

  add_verb(app, invocation, "hosts", "List hosts: who is alive, how busy", "godwit hosts")
      .callback([&invocation] { invocation.action = [&invocation] { return list_hosts(invocation); }; });

  auto& one = add_verb(app, invocation, "show", "All that is known about a job", "godwit show 7");
  auto job = std::make_shared<std::string>();
  one.add_option("JOB", *job, "Its number, its name, 'last' or 'all'")->required()->type_name("");
  one.callback(
      [&invocation, job] { invocation.action = [&invocation, job] { return show(invocation, *job); }; });
}

}  // namespace godwit::cli
