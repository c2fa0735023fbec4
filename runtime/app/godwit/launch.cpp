#include "app/godwit/launch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <thread>

#include "app/godwit/successor.hpp"
#include "app/godwit/talk.hpp"
#include "app/workload/argument.hpp"
#include "app/workload/capability.hpp"
#include "app/world/verdict.hpp"
#include "edge/policies/policy_plugin.hpp"
#include "edge/posix/death_watch.hpp"
#include "edge/posix/identity.hpp"
#include "policy/balance.hpp"

namespace godwit::cli {
namespace {

// With srun a rank crashes within MPI_Init once in a while, where all cores are busy: ADR 7.
constexpr int starts_max = 3;
constexpr int launcher_looks_max = 5;  // a second each, from the world's verdict until its launcher is ended

std::filesystem::path output_path(std::filesystem::path const& store) {
  return store / "log" / "runtime.out";
}

Status make_store(std::filesystem::path const& store) {
  std::error_code error;
  std::filesystem::create_directories(store / "log", error);
  if (!error && ::access(store.c_str(), W_OK | X_OK) == 0) return Done{};
  return reject("store_not_writable",
                fmt::format("the store {} can't be written: {}; choose another with --store", store.string(),
                            error ? error.message() : std::strerror(errno)));
}

// Nobody uses the store; nobody who is left of a runtime whose allocator died is about to.
Status find_free(std::filesystem::path const& store) {
  auto client = connect_patiently(store);
  if (client) {
    return reject("already_running",
                  fmt::format("a runtime is already running on {} (its allocator is process {} on {}); 'godwit stop' ends it",
                              store.string(), client->runtime().pid, client->runtime().node));
  }
  return Done{};
}

void reset_root_guard() {
  if (geteuid() != 0) return;
  setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
  setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
}

}  // namespace

void add_launch_options(CLI::App& verb, LaunchOptions& to) {
  verb.add_option("--hosts", to.hosts, "Hosts to start; else one per core; in a Slurm job, one per task")
      ->type_name("N")
      ->check(at_least(1));
  verb.add_option("--slots", to.slots, "Cores that jobs may take on a host")
      ->type_name("N")
      ->check(at_least(1));
  verb.add_option("--overbook", to.overbook, "Of those cores so much may be taken; else 100")
      ->type_name("PERCENT")
      ->check(CLI::Range(1, 10'000));
  verb.add_option("--capability", to.capabilities,
                  "What hosts have, such as '1-3: bigmem gpu=0,1' or 'all: licence=a,b': words are labels, "
                  "NAME=IDENTITIES counted resources. A host labelled standby takes jobs only while another "
                  "is lost or drained. May be repeated")
      ->type_name("HOSTS:WORDS")
      ->allow_extra_args(false)
      ->check([](std::string const& text) {
        auto const declared = parse_capability(text);
        return declared ? std::string() : declared.failure().context;
      });
  verb.add_option("--accounts", to.accounts,
                  "A YAML file with 'accounts:': who shares what; 'godwit help workload'")
      ->type_name("FILE");
  auto const duration = [](std::string const& text) {
    auto const parsed = parse_duration(text);
    if (!parsed) return parsed.failure().context;
    return *parsed > Duration{0} ? std::string() : std::string("must be longer than 0");
  };
  verb.add_option("--policy", to.policy,
                  "Who is served first: up-down (the usual one), fair-tree, fcfs, or the file of a policy of your own "
                  "(docs/own-policy.md)")
      ->type_name("NAME")
      ->check([](std::string const& text) {
        if (!is_policy_file(text)) return not_a_runs_policy(text);
        auto const loaded = load_policy(text);
        return loaded ? std::string() : loaded.failure().context;
      });
  verb.add_option("--suspicion", to.suspicion,
                  "A host or allocator that is silent so long, and not known to have ended, counts as dead; at least the "
                  "lease. Else 30s")
      ->type_name("TIME")
      ->check(duration);
  verb.add_option("--lease", to.lease,
                  "A host that hears nothing for so long stops its jobs; at least three heart-beats. Else 10s")
      ->type_name("TIME")
      ->check(duration);
  verb.add_option("--heartbeat", to.heartbeat, "Between two heart-beats of a host; else 500ms")
      ->type_name("TIME")
      ->check(duration);
  verb.add_option("--interval", to.interval, "Between two looks at how the accounts stand; else 1s")
      ->type_name("TIME")
      ->check(duration);
  verb.add_option("--quantum", to.quantum,
                  "A job runs at least that long before it is made to wait for another account's, and stays at least that "
                  "long before it is moved for --goal; else 1min")
      ->type_name("TIME")
      ->check(duration);
  verb.add_option("--margin", to.margin,
                  "A job is made to wait only if its account's index exceeds the other's by more than so many "
                  "thousandths; else 0")
      ->type_name("N")
      ->check(at_least(0));
  verb.add_option("--partner-every", to.partner_every,
                  "Between two copies of a job in another host's memory, where its workload says 'partner: true'; else 10s")
      ->type_name("TIME")
      ->check(duration);
  verb.add_option("--partner-memory", to.partner_memory,
                  "Most that copies of others' jobs may take of a host's memory, such as 8GiB; else a quarter of it")
      ->type_name("SIZE")
      ->check([](std::string const& text) {
        auto const bytes = parse_size(text);
        return bytes ? std::string() : bytes.failure().context;
      });
  verb.add_option("--store-quota", to.store_quota,
                  "Most that all checkpoints together may take, such as 500GiB: what needn't be kept is thrown away; else any")
      ->type_name("SIZE")
      ->check([](std::string const& text) {
        auto const bytes = parse_size(text);
        return bytes ? std::string() : bytes.failure().context;
      });
  verb.add_option("--history", to.history,
                  "How long jobs that are over are remembered, how many of them (an array is one), or both: 30d,100000 (the usual), "
                  "or all. Their files stay; so do their names, for workload files that are run again")
      ->type_name("TIME,COUNT")
      ->check([](std::string const& text) {
        auto const history = parse_history(text);
        return history ? std::string() : history.failure().context;
      });
  verb.add_option("--ledger-log", to.ledger_log,
                  "Size from which the ledger's log is made shorter, if it has outgrown what follows from it; else 4MiB")
      ->type_name("SIZE")
      ->check([](std::string const& text) {
        auto const bytes = parse_size(text);
        return bytes ? std::string() : bytes.failure().context;
      });
  verb.add_option("--managers", to.managers,
                  "Hosts speak to rank 0 in groups, and take jobs from their manager's queue: flat (the usual one: "
                  "each by itself), per-node, or so many hosts to a manager. For hundreds of hosts and more")
      ->type_name("GROUPS")
      ->check([](std::string const& text) {
        auto const hosts = parse_managers(text);
        return hosts ? std::string() : hosts.failure().context;
      });
  verb.add_option("--goal", to.goal,
                  "What jobs are moved for that nobody asked to move: none; offload (the usual one: from where cores are "
                  "short to where they are idle), spread, consolidate or locality")
      ->type_name("GOAL")
      ->check([](std::string const& text) {
        auto const goal = policy::balance_goal_of(text);
        return goal ? std::string() : goal.failure().context;
      });
  verb.add_option("--probing", to.probing,
                  "How hosts find each other to give and take jobs, without rank 0: none (the usual one), sender, "
                  "receiver or symmetric")
      ->check(CLI::IsMember({"none", "sender", "receiver", "symmetric"}));
  verb.add_option("--probe-limit", to.probe_limit, "Hosts that are asked in a row; else 3")
      ->type_name("N")
      ->check(CLI::Range(1, 1000));
  verb.add_option("--probe-threshold", to.probe_threshold,
                  "Cores' worth of jobs beyond its own from which a host gives some away; else 1")
      ->type_name("N")
      ->check(CLI::Range(1, 1000));
  verb.add_option("--plugins", to.plugins, "A directory of job types, before the usual ones; may be repeated")
      ->type_name("DIR")
      ->allow_extra_args(false)
      ->check(CLI::ExistingDirectory);
  verb.add_option("--launcher", to.launcher, "What starts the ranks: srun in a Slurm job, mpirun elsewhere")
      ->check(CLI::IsMember({"srun", "mpirun"}));
}

std::string spell_groups(LaunchOptions const& options) {
  auto const& managers = options.managers;
  if (managers.empty() || managers == "flat") return {};
  return managers == "per-node" ? ", in a group per node" : fmt::format(", in groups of {}", managers);
}

Result<Launched> Launched::launch(std::filesystem::path const& store, LaunchOptions const& options) {
  if (auto const made = make_store(store); !made) return made.failure();
  if (auto const free = find_free(store); !free) return free.failure();
  auto plan = plan_launch(store, options);
  if (!plan) return plan.failure();
  for (auto const& note : plan->notes) fmt::print(stderr, "{}\n", note);
  Launched launched(store, *std::move(plan));
  if (auto const spawned = launched.spawn(); !spawned) return spawned.failure();
  return launched;
}

Status Launched::spawn() {
  auto const path = output_path(store_);
  int const output = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (output < 0) {
    return reject("store_not_writable", fmt::format("{}: {}", path.string(), std::strerror(errno)));
  }
  output_from_ = std::filesystem::file_size(path);
  ended_ = false;
  looks_after_end_ = 0;
  term_ = {};
  if (!plan_.places.empty())
    std::ofstream(store_ / "log" / "nodes") << fmt::format("{}\n", fmt::join(plan_.places, "\n"));
  std::vector<char*> arguments;
  for (auto& word : plan_.words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  launcher_ = ::fork();
  if (launcher_ == 0) {
    ::setsid();
    SignalWatch::forget();
    int const nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    reset_root_guard();
    for (auto const& [name, value] : plan_.environment) setenv(name.c_str(), value.c_str(), 1);
    ::execvp(arguments[0], arguments.data());
    fmt::print(stderr, "{}: {}; {}\n", arguments[0], std::strerror(errno),
               plan_.places.empty() ? "it comes with the package openmpi-bin" : "is Slurm's srun in $PATH?");
    ::_exit(127);
  }
  ::close(output);
  std::ofstream(store_ / "log" / "mpirun.pid") << launcher_ << '\n';
  if (launcher_ < 0)
    return retry_later("fork", fmt::format("the launcher can't be started: {}", std::strerror(errno)));
  return Done{};
}

bool Launched::has_ended() {
  if (!ended_) ended_ = ::waitpid(launcher_, nullptr, WNOHANG) != 0;
  auto const now = std::chrono::steady_clock::now();
  if (ended_ || term_.value == 0 || now < look_again_) return ended_;
  look_again_ = now + 1s;
  if (!verdict_since(store_, term_)) return false;
  ++looks_after_end_;
  if (looks_after_end_ == launcher_looks_max) ::kill(launcher_, SIGTERM);
  if (looks_after_end_ == 3 * launcher_looks_max) ::kill(launcher_, SIGKILL);
  return false;
}

bool Launched::ends_within(Duration patience) {
  auto const deadline = std::chrono::steady_clock::now() + patience;
  while (!has_ended() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(10ms);
  return ended_;
}

void Launched::await_end(Duration patience) {
  if (ends_within(patience)) return;
  ::kill(launcher_, SIGTERM);  // it takes its ranks along
  while (!ends_within(10s)) ::kill(launcher_, SIGKILL);
}

// An allocator that dies in the middle of it has a successor, which knows nothing of it.
Result<cmd::Stopped> Launched::stop() {
  auto stopped = stop_runtime(store_);
  for (int again = 0; again < 3 && !ends_within(5s); ++again) {
    if (auto next = stop_runtime(store_)) stopped = std::move(next);
  }
  await_end(15s);
  return stopped;
}

// Each has joined, or is known to have died; who leads after the first allocator doesn't know of those lost before.
bool Launched::look_for_hosts() {
  auto client = rpc::Client::connect(store_);
  auto const found = client ? ask_for<cmd::Hosts>(*client, cmd::ListHosts{}, 5s) : Result<cmd::Hosts>(client.failure());
  if (!found) return false;
  auto const term = client->runtime().term;
  if (term_.value == 0) term_ = term;
  bool const any = std::ranges::any_of(found->rows, [](auto const& row) { return row.state != "dead"; });
  return any && (static_cast<std::int32_t>(found->rows.size()) >= hosts_ || term > term_);
}

Status Launched::await_hosts(SignalWatch& signals) {
  for (int left = starts_max;; --left) {
    auto up = come_up(signals);
    auto const crashed = up || up.failure().code == "interrupted" ? std::string() : crash();
    if (crashed.empty() || left == 1) return up;
    fmt::print(stderr, "godwit: a rank crashed before the runtime was up ({}); starting it again\n", crashed);
    if (auto spawned = spawn(); !spawned) return spawned;
  }
}

std::string Launched::crash() const {
  if (plan_.places.empty()) return {};
  std::ifstream in(output_path(store_));
  in.seekg(static_cast<std::streamoff>(output_from_));
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("srun: error: ") && line.find(": Segmentation fault") != line.npos) return line;
  }
  return {};
}

Status Launched::come_up(SignalWatch& signals) {
  auto const deadline = std::chrono::steady_clock::now() + 120s;
  while (!signals.came_within(20ms)) {
    if (has_ended()) {
      return peer_lost("unreachable", fmt::format("the runtime ended before it was up:\n{}", last_words()));
    }
    if (look_for_hosts() && !has_ended()) return Done{};
    if (!crash().empty()) {
      await_end(0s);
      return peer_lost("unreachable", fmt::format("a rank crashed before the runtime was up:\n{}", last_words()));
    }
    if (std::chrono::steady_clock::now() < deadline) continue;
    await_end(0s);
    return peer_lost("unreachable", fmt::format("not all of {} hosts came up within two minutes:\n{}", hosts_,
                                                last_words()));
  }
  auto const stopped = stop_runtime(store_);
  await_end(stopped ? 30s : 0s);
  return retry_later("interrupted", "interrupted while the runtime was starting");
}

std::string Launched::last_words() const {
  std::ifstream in(output_path(store_));
  in.seekg(static_cast<std::streamoff>(output_from_));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    // PMIx complains of notices about ranks that are leaving; that is no news.
    if (!line.empty() && line.find("PMIX ERROR: BAD-PARAM") == std::string::npos)
      lines.push_back("  " + line);
    if (lines.size() > 15) lines.erase(lines.begin());
  }
  return fmt::format("{}\n(from {})", fmt::join(lines, "\n"), output_path(store_).string());
}

Result<cmd::Stopped> stop_runtime(std::filesystem::path const& store) {
  auto client = connect_patiently(store);
  if (!client) return client.failure();
  auto const stopped = ask_for<cmd::Stopped>(*client, cmd::Stop{});
  if (!stopped) return stopped;
  // Gone when nobody listens any more, and, where that can be seen, when its process has ended.
  auto const access = client->runtime();
  bool const is_here = access.node == node_name();
  auto const gone = [&] {
    auto now = rpc::read_access(store);
    return !now || now->term != access.term || (is_here && !is_alive(access.pid));
  };
  auto const deadline = std::chrono::steady_clock::now() + 30s;
  while (!gone() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(5ms);
  return stopped;
}

Status ended_well(std::filesystem::path const& store, Term term, Duration patience) {
  auto const died =
      peer_lost("unreachable", fmt::format("the runtime on {} died; its jobs go on from their newest "
                                           "checkpoints when it is started again",
                                           store.string()));
  auto const deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    if (auto const verdict = verdict_since(store, term)) return *verdict == 0 ? Status(Done{}) : Status(died);
    if (std::chrono::steady_clock::now() > deadline) return died;
    std::this_thread::sleep_for(20ms);
  }
}

std::string spell_stop(cmd::Stopped const& stopped) {
  auto text = stopped.checkpointed == 0
                  ? std::string("stopped; there was no running job to checkpoint")
                  : fmt::format("{} job{} checkpointed; 'godwit start' on this store goes on from there",
                                stopped.checkpointed, stopped.checkpointed == 1 ? "" : "s");
  for (auto const& [job, why] : stopped.unsaved) {
    text += fmt::format("\njob {} could not be checkpointed: {}", job, why.context);
  }
  return text;
}

}  // namespace godwit::cli
