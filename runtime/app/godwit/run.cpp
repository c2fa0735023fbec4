// `godwit run`: start the runtime if need be, submit, follow, and end with the jobs. Run again on the
// same store it goes on: what was left unfinished belongs to the run that starts the runtime.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "app/godwit/follow.hpp"
#include "app/godwit/json.hpp"
#include "app/godwit/launch.hpp"
#include "app/godwit/outcome.hpp"
#include "app/godwit/submission.hpp"
#include "app/godwit/successor.hpp"
#include "app/godwit/talk.hpp"
#include "app/godwit/verbs.hpp"
#include "app/workload/workload.hpp"

namespace godwit::cli {
namespace {

constexpr Duration launcher_patience = 15s;
constexpr Duration young = 10s;
constexpr int died_young_max = 10;  // in a row
constexpr Duration pause_of_each = 500ms;  // before the next is started

struct RunOptions {
  Submission submission;
  LaunchOptions launch;
};

// The unfinished jobs that the store holds already.
Result<std::set<JobId>> unfinished(rpc::Client& client) {
  auto const jobs = ask_for<cmd::Jobs>(client, cmd::ListJobs{});
  if (!jobs) return jobs.failure();
  std::set<JobId> left;
  for (auto const& row : jobs->rows) {
    bool const ended = row.elements ? row.elements->live() == 0 : is_ended(row.state);
    if (!ended) left.insert(row.job.array());
  }
  return left;
}

// Which jobs this run is about: those submitted now, and what was left if nothing is submitted or the
// runtime is our own.
Result<std::set<JobId>> choose_jobs(rpc::Client& client, Request const& request, bool own_runtime) {
  if (request.accounts) {
    auto const set = ask_for<cmd::AccountsSet>(client, cmd::SetAccounts{*request.accounts});
    if (!set) return set.failure();
  }
  std::set<JobId> jobs;
  if (own_runtime || request.submit.jobs.empty()) {
    auto left = unfinished(client);
    if (!left) return left;
    jobs = *std::move(left);
    if (!jobs.empty()) {
      fmt::print(stderr, "{} unfinished job{} in this store go{} on\n", jobs.size(),
                 jobs.size() == 1 ? "" : "s", jobs.size() == 1 ? "es" : "");
    }
  }
  if (!request.submit.jobs.empty()) {
    auto const submitted = ask_for<cmd::Submitted>(client, request.submit);
    if (!submitted) return submitted.failure();
    jobs.insert(submitted->jobs.begin(), submitted->jobs.end());
  }
  return jobs;
}

int report_jobs(Invocation const& invocation, Follower const& follower) {
  auto const& rows = follower.rows();
  if (invocation.json) print_json(json_list(rows));
  if (rows.empty() && !invocation.json) fmt::print("no unfinished job in {}\n", invocation.store().string());
  if (auto const summary = follower.summary(); !summary.empty()) fmt::print(stderr, "{}\n", summary);
  return exit_code_of(rows);
}

// The runtime went away under us: stopped by another command, or dead.
int lost(Invocation const& invocation, Failure failure, Term term, Launched* own) {
  if (!rpc::is_unreachable(failure)) return invocation.complain(failure);
  auto const well = ended_well(invocation.store(), term, 10s);
  if (well) {
    fmt::print(stderr, "the runtime has ended; 'godwit run' goes on from its jobs' newest checkpoints\n");
    return exit_requeue;
  }
  failure = well.failure();
  if (own != nullptr) failure.context += "\n" + own->last_words();
  return invocation.complain(failure);
}

// A signal came: an own runtime is stopped with everything checkpointed, another's is left alone.
int end_early(Invocation const& invocation, Launched* own) {
  SignalWatch::forget();  // a second Ctrl-C doesn't wait for the checkpoints
  if (own == nullptr) {
    fmt::print(stderr,
               "the jobs go on in the runtime that was running already; 'godwit wait' follows, "
               "'godwit stop' checkpoints them and ends it\n");
    return exit_interrupted;
  }
  fmt::print(stderr, "stopping: checkpointing every job\n");
  auto const stopped = own->stop();
  // Slurm gives the signal to every process of a job: rank 0 may have stopped by itself.
  if (!stopped) return lost(invocation, stopped.failure(), own->term(), own);
  fmt::print(stderr, "{}\n", spell_stop(*stopped));
  return stopped->unsaved.empty() ? exit_requeue : exit_refused;
}

// The jobs of this run, followed through one world after the other.
class Pursuit {
 public:
  Pursuit(Invocation const& invocation, Request const& request, SignalWatch& signals)
      : invocation_(invocation), request_(request), signals_(signals) {}

  // The exit code; none: our own runtime died with jobs under way, so that another can go on with them.
  std::optional<int> follow(Launched* own) {
    auto client = rpc::Client::connect(invocation_.store());
    if (!client) return invocation_.complain(client.failure());
    auto const successor = [&](Term former) {
      return await_successor(invocation_.store(), former, &signals_, [own] { return own != nullptr && own->has_ended(); });
    };
    while (!follower_) {
      auto jobs = choose_jobs(*client, request_, own != nullptr);
      if (jobs) {
        follower_.emplace(*std::move(jobs), invocation_.json);
        break;
      }
      if (!rpc::is_unreachable(jobs.failure()) || !may_ask_again()) return invocation_.complain(jobs.failure());
      auto next = successor(client->runtime().term);
      if (next) {
        client = std::move(next);
        continue;
      }
      if (died(own, next.failure(), client->runtime().term)) return std::nullopt;
      return invocation_.complain(jobs.failure());
    }
    auto const end = follower_->follow(*client, signals_, successor);
    if (!end && died(own, end.failure(), client->runtime().term)) return std::nullopt;
    if (!end) return lost(invocation_, end.failure(), client->runtime().term, own);
    if (*end == Follower::End::interrupted) return end_early(invocation_, own);
    return report_jobs(invocation_, *follower_);
  }

 private:
  // Our own runtime, which then nobody has ended.
  bool died(Launched* own, Failure const& failure, Term term) const {
    return own != nullptr && rpc::is_unreachable(failure) &&
           !ended_well(invocation_.store(), term, own->has_ended() ? 1s : 10s);
  }
  // Whether the jobs were taken before the connection was lost isn't known; those with names are the same jobs again.
  [[nodiscard]] bool may_ask_again() const { return request_.submit.jobs.empty() || request_.submit.adopt; }

  Invocation const& invocation_;
  Request const& request_;
  SignalWatch& signals_;
  std::optional<Follower> follower_;
};

// The jobs are told to stop where they are, and the launcher to end.
void end_runtime(Launched& own) {
  if (own.has_ended()) return;
  if (auto const stopped = own.stop(); !stopped && !rpc::is_unreachable(stopped.failure())) {
    fmt::print(stderr, "godwit: {}\n", stopped.failure().context);
  }
}

// Starts a runtime, and another if it dies, for as long as they live for some time.
int run_in_own(Invocation const& invocation, LaunchOptions const& options, Pursuit& pursuit, SignalWatch& signals) {
  int died_young = 0;
  for (bool first = true;; first = false) {
    auto own = Launched::launch(invocation.store(), options);
    if (!own) return invocation.complain(own.failure());
    if (auto const up = own->await_hosts(signals); !up) {
      if (up.failure().code == "interrupted") return invocation.complain(up.failure(), exit_requeue);
      if (first || ++died_young == died_young_max) return invocation.complain(up.failure());
      fmt::print(stderr, "godwit: {}\nstarting it again\n", up.failure().context);
      if (signals.came_within(pause_of_each * died_young)) return exit_requeue;
      continue;
    }
    fmt::print(stderr, "{} host{} up{}, store {}\n", own->hosts(), own->hosts() == 1 ? "" : "s", spell_groups(options),
               invocation.store().string());
    auto const began = std::chrono::steady_clock::now();
    if (auto const code = pursuit.follow(&*own)) {
      end_runtime(*own);
      return *code;
    }
    own->await_end(launcher_patience);
    died_young = std::chrono::steady_clock::now() - began < young ? died_young + 1 : 0;
    auto const died = peer_lost("unreachable", fmt::format("the runtime died\n{}", own->last_words()));
    if (died_young == died_young_max) return invocation.complain(died);
    fmt::print(stderr, "godwit: {}\nstarting it again: jobs go on from their newest checkpoints\n", died.context);
    if (signals.came_within(pause_of_each * died_young)) return exit_requeue;
  }
}

int run(Invocation const& invocation, RunOptions const& options) {
  auto request = jobs_of(options.submission);
  if (!request) return invocation.complain(request.failure(), exit_usage);
  if (!options.launch.accounts.empty()) {
    if (request->accounts) {
      return invocation.complain(reject("usage", "--accounts: the workload file has accounts of its own"),
                                 exit_usage);
    }
    auto rules = read_accounts(options.launch.accounts);
    if (!rules) return invocation.complain(rules.failure(), exit_usage);
    request->accounts = *std::move(rules);
  }
  SignalWatch signals;
  Pursuit pursuit(invocation, *request, signals);
  if (connect_patiently(invocation.store())) return pursuit.follow(nullptr).value_or(exit_unreachable);
  return run_in_own(invocation, options.launch, pursuit, signals);
}

}  // namespace

void add_run(CLI::App& app, Invocation& invocation) {
  auto& verb =
      add_verb(app, invocation, "run", "Start the runtime if need be, submit, follow, and end with the jobs",
               "godwit run sweep.yaml\ngodwit run heat n=512 output=plate.csv --hosts 3\n"
               "godwit run            # go on with what the store holds");
  auto options = std::make_shared<RunOptions>();
  add_submission_options(verb, options->submission);
  add_launch_options(verb, options->launch);
  verb.callback([&invocation, options] {
    invocation.action = [&invocation, options] { return run(invocation, *options); };
  });
}

}  // namespace godwit::cli
