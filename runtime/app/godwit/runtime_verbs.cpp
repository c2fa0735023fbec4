// `godwit start` and `godwit stop`.
#include <fmt/format.h>

#include <memory>

#include "app/godwit/json.hpp"
#include "app/godwit/launch.hpp"
#include "app/godwit/talk.hpp"
#include "app/godwit/verbs.hpp"
#include "app/workload/workload.hpp"

namespace godwit::cli {
namespace {

struct StartOptions {
  LaunchOptions launch;
  bool detach{false};
};

int report_stop(Invocation const& invocation, Result<cmd::Stopped> const& stopped) {
  if (!stopped) return invocation.complain(stopped.failure());
  if (invocation.json) {
    auto unsaved = Json::array();
    for (auto const& [job, why] : stopped->unsaved) {
      unsaved.push_back({{"job", json_of(job)}, {"error", json_of(why)}});
    }
    print_json({{"checkpointed", stopped->checkpointed}, {"unsaved", unsaved}});
  } else {
    fmt::print("{}\n", spell_stop(*stopped));
  }
  return stopped->unsaved.empty() ? exit_done : exit_refused;
}

void report_start(Invocation const& invocation, Launched const& launched, std::string const& groups, bool detach) {
  auto const store = invocation.store().string();
  if (invocation.json) {
    print_json({{"hosts", launched.hosts()}, {"store", store}});
  } else {
    fmt::print("{} host{} up{}, store {}; {} ends it\n", launched.hosts(), launched.hosts() == 1 ? "" : "s", groups,
               store, detach ? "'godwit stop'" : "Ctrl-C or 'godwit stop'");
  }
  std::fflush(stdout);
}

Status set_accounts_of(Invocation const& invocation, std::optional<std::vector<AccountRule>> const& rules) {
  if (!rules) return Done{};
  auto const set = ask_once<cmd::AccountsSet>(invocation, cmd::SetAccounts{*rules});
  return set ? Status(Done{}) : Status(set.failure());
}

int start(Invocation const& invocation, StartOptions const& options) {
  std::optional<std::vector<AccountRule>> rules;
  if (!options.launch.accounts.empty()) {
    auto read = read_accounts(options.launch.accounts);
    if (!read) return invocation.complain(read.failure(), exit_usage);
    rules = *std::move(read);
  }
  SignalWatch signals;
  auto launched = Launched::launch(invocation.store(), options.launch);
  if (!launched) return invocation.complain(launched.failure());
  if (auto const up = launched->await_hosts(signals); !up) return invocation.complain(up.failure());
  if (auto const set = set_accounts_of(invocation, rules); !set) {
    (void)launched->stop().ok();
    return invocation.complain(set.failure());
  }
  report_start(invocation, *launched, spell_groups(options.launch), options.detach);
  if (options.detach) return exit_done;
  while (!launched->has_ended()) {
    if (!signals.came_within(100ms)) continue;
    SignalWatch::forget();
    fmt::print(stderr, "stopping: checkpointing every job\n");
    auto const stopped = launched->stop();
    if (stopped || !rpc::is_unreachable(stopped.failure())) return report_stop(invocation, stopped);
    break;  // Slurm gives the signal to every process of a job: rank 0 may have stopped by itself
  }
  auto const well = ended_well(invocation.store(), launched->term(), 1s);
  if (well) return exit_done;
  auto failure = well.failure();
  failure.context += "\n" + launched->last_words();
  return invocation.complain(failure);
}

}  // namespace

void add_runtime_verbs(CLI::App& app, Invocation& invocation) {
  auto& verb = add_verb(app, invocation, "start", "Start the runtime here, on the jobs that the store holds",
                        "godwit start --hosts 4 --detach");
  auto options = std::make_shared<StartOptions>();
  add_launch_options(verb, options->launch);
  verb.add_flag("--detach", options->detach, "Come back as soon as it is up");
  verb.callback([&invocation, options] {
    invocation.action = [&invocation, options] { return start(invocation, *options); };
  });

  auto& stop = add_verb(app, invocation, "stop", "Checkpoint every job and end the runtime", "godwit stop");
  stop.callback([&invocation] {
    invocation.action = [&invocation] { return report_stop(invocation, stop_runtime(invocation.store())); };
  });
}

}  // namespace godwit::cli
