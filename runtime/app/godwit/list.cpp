// Verbs that list jobs and hosts: ps hosts.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
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

// An array's state is how many of its elements are in which, its progress how many have ended.
std::vector<std::string> cells_of(cmd::JobRow const& row) {
  if (!row.elements) {
    return {fmt::format("{}", row.job),
            row.spec.type,
            row.spec.name,
            to_string(row.state),
            spell_rank(row.host),
            spell_count(row.steps),
            spell_progress(row.progress),
            spell_arguments(row.spec)};
  }
  auto const& counts = *row.elements;
  auto const ended = Progress{.done = counts.ended(), .total = counts.all(), .unit = "jobs"};
  auto const arguments = spell_arguments(row.spec);
  return {fmt::format("{}", row.job),
          row.spec.type,
          row.spec.name,
          spell_counts(counts),
          "–",
          "–",
          spell_progress(ended),
          fmt::format("[{}]{}{}", spell_axes(row.axes), arguments.empty() ? "" : " ", arguments)};
}

struct ListOptions {
  std::string jobs;
  std::int32_t host{no_rank.value};
  bool elements{false};
};

int list_jobs(Invocation const& invocation, ListOptions const& options) {
  auto const jobs =
      ask_once<cmd::Jobs>(invocation, cmd::ListJobs{.jobs = options.jobs, .elements = options.elements});
  if (!jobs) return invocation.complain(jobs.failure());
  if (jobs->left_out > 0) {
    fmt::print(stderr, "{} more are left out: name some of them, such as 7_1001-2000 or 7@running\n",
               spell_count(jobs->left_out));
  }
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
  for (auto const& row : jobs->rows) table.add(cells_of(row));
  fmt::print("{}", table.text());
  return exit_done;
}

// As that host itself knows them.
int list_held(Invocation const& invocation, Rank host) {
  auto const held = ask_once<cmd::Held>(invocation, cmd::ListHeld{host});
  if (!held) return invocation.complain(held.failure());
  if (invocation.json) {
    print_json(json_list(held->rows));
    return exit_done;
  }
  Table table({{"JOB", Table::Align::right},
               {"TYPE"},
               {"NAME"},
               {"STATE"},
               {"EPOCH", Table::Align::right},
               {"STEPS", Table::Align::right},
               {"PROGRESS", Table::Align::right},
               {"MEMORY", Table::Align::right},
               {"LAST STEP", Table::Align::right}});
  for (auto const& row : held->rows) {
    table.add({fmt::format("{}", row.job), row.type, row.name, row.state, fmt::format("{}", row.epoch),
               spell_count(row.steps), spell_progress(row.progress),
               row.arena_bytes == 0 ? "–" : spell_bytes(row.arena_bytes),
               row.step_age.count() == 0 ? "–" : spell_duration(row.step_age) + " ago"});
  }
  fmt::print("{}", table.text());
  return exit_done;
}

std::string spell_state(cmd::HostRow const& row) {
  auto const* const more = row.drained ? ", drained" : row.standby ? ", standby" : "";
  return row.state + more;
}

// Cores of the node in use: "1.8".
std::string spell_busy(NodeLoad const& load) {
  return load.busy_milli ? fmt::format("{:.1f}", static_cast<double>(*load.busy_milli) / 1000) : "–";
}

// Of the last ten seconds, how long somebody had to wait for a core, and for memory: "12%/0%".
std::string spell_stalls(NodeLoad const& load) {
  auto const percent = [](auto const& permille) {
    return permille ? fmt::format("{}%", (*permille + 5) / 10) : std::string("–");
  };
  return percent(load.cpu_stall_permille) + "/" + percent(load.memory_stall_permille);
}

// "gpu=0,1 licence=a"
std::string spell_resources(Capabilities const& has) {
  std::string text;
  for (auto const& [name, identities] : has.resources)
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, fmt::join(identities, ","));
  return text;
}

int list_hosts(Invocation const& invocation) {
  auto const hosts = ask_once<cmd::Hosts>(invocation, cmd::ListHosts{});
  if (!hosts) return invocation.complain(hosts.failure());
  if (invocation.json) {
    print_json(json_list(hosts->rows));
    return exit_done;
  }
  auto const any = [&](auto member) { return std::ranges::any_of(hosts->rows, member); };
  bool const stalls = any([](cmd::HostRow const& row) { return row.load.cpu_stall_permille.has_value(); });
  bool const resources = any([](cmd::HostRow const& row) { return !row.has.resources.empty(); });
  bool const labels = any([](cmd::HostRow const& row) { return !row.has.labels.empty(); });
  bool const managers = any([](cmd::HostRow const& row) { return row.manager != no_rank; });
  std::vector<Table::Column> columns{{"HOST", Table::Align::right},
                                     {"PID", Table::Align::right},
                                     {"NODE"},
                                     {"STATE"},
                                     {"LOAD", Table::Align::right},
                                     {"BUSY", Table::Align::right},
                                     {"MEMORY FREE", Table::Align::right},
                                     {"JOBS", Table::Align::right},
                                     {"FREE", Table::Align::right},
                                     {"CORES", Table::Align::right},
                                     {"HEARD", Table::Align::right}};
  if (managers) columns.push_back({"MANAGER", Table::Align::right});
  if (stalls) columns.push_back({"STALLED CPU/MEM", Table::Align::right});
  if (resources) columns.push_back({"RESOURCES"});
  if (labels) columns.push_back({"LABELS"});
  Table table(std::move(columns));
  for (auto const& row : hosts->rows) {
    std::vector<std::string> cells{fmt::format("{}", row.host),
                                   fmt::format("{}", row.pid),
                                   row.node,
                                   spell_state(row),
                                   fmt::format("{:.2f}", static_cast<double>(row.load.load_milli) / 1000),
                                   spell_busy(row.load),
                                   row.load.memory_bytes > 0 ? spell_bytes(row.load.memory_free_bytes) : "–",
                                   fmt::format("{}", row.jobs),
                                   fmt::format("{}", free_cores_of(row)),
                                   fmt::format("{}", row.has.cores),
                                   spell_duration(row.heard) + " ago"};
    if (managers) cells.push_back(row.manager == no_rank ? "-" : fmt::format("{}", row.manager));
    if (stalls) cells.push_back(spell_stalls(row.load));
    if (resources) cells.push_back(spell_resources(row.has));
    if (labels) cells.push_back(fmt::format("{}", fmt::join(row.has.labels, " ")));
    table.add(std::move(cells));
  }
  fmt::print("{}", table.text());
  return exit_done;
}

}  // namespace

void add_list_verbs(CLI::App& app, Invocation& invocation) {
  auto& ps = add_verb(
      app, invocation, "ps", "List jobs; an array is one row",
      "godwit ps\ngodwit ps sweep@failed --elements\ngodwit ps --host 2 --json   # asks host 2 itself");
  auto options = std::make_shared<ListOptions>();
  auto* job = ps.add_option("JOB", options->jobs, job_help);
  job->type_name("");
  auto* elements = ps.add_flag("--elements", options->elements,
                               "Of arrays: a row for each element that has left the queue, or was named");
  ps.add_option("--host", options->host, "What that host itself says it holds")
      ->type_name("HOST")
      ->check(at_least(1))
      ->excludes(job)
      ->excludes(elements);
  ps.callback([&invocation, options] {
    invocation.action = [&invocation, options] {
      return options->host == no_rank.value ? list_jobs(invocation, *options)
                                            : list_held(invocation, Rank{options->host});
    };
  });

  add_verb(app, invocation, "hosts", "List hosts: who is alive, how busy, and what they have", "godwit hosts")
      .callback([&invocation] { invocation.action = [&invocation] { return list_hosts(invocation); }; });
}

}  // namespace godwit::cli
