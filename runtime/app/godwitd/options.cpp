#include "app/godwitd/options.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <sstream>

#include "app/workload/argument.hpp"
#include "edge/policies/policy_plugin.hpp"

namespace godwit {
namespace {

// Before MPI_Init only the launcher's environment tells which rank this is.
bool speaks_for_all() {
  for (auto const* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "SLURM_PROCID"}) {
    if (auto const* rank = std::getenv(name)) return std::string(rank) == "0";
  }
  return true;
}

void add_plugin_directories(Options& options) {
  if (auto const* listed = std::getenv("GODWIT_PLUGINS")) {
    std::istringstream in(listed);
    for (std::string directory; std::getline(in, directory, ':');) {
      if (!directory.empty()) options.plugins.emplace_back(std::filesystem::absolute(directory));
    }
  }
  for (auto const* near : {"../plugins", "../lib/godwit/plugins"}) {
    auto const directory = program_directory() / near;
    if (std::filesystem::is_directory(directory))
      options.plugins.push_back(std::filesystem::canonical(directory));
  }
}

CLI::Option* add_duration(CLI::App& app, char const* name, Duration& to, char const* help) {
  return app
      .add_option_function<std::string>(
          name,
          [&to, name](std::string const& text) {
            auto const parsed = parse_duration(text);
            if (!parsed) throw CLI::ValidationError(name, parsed.failure().context);
            if (*parsed <= Duration{0}) throw CLI::ValidationError(name, "must be longer than 0");
            to = *parsed;
          },
          help)
      ->type_name("TIME");
}

void read_capabilities(std::vector<std::string> const& texts, Options& to) {
  for (auto const& text : texts) {
    auto declared = parse_capability(text);
    if (!declared) throw CLI::ValidationError("--capability", declared.failure().context);
    to.declared.push_back(*std::move(declared));
  }
}

}  // namespace

std::filesystem::path program_directory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

std::variant<Options, int> read_options(int argc, char** argv) {
  Options options;
  std::string store, workload;
  std::vector<std::string> plugins;
  CLI::App app{
      "The runtime of Godwit, one process per MPI rank. Rank 0 is the allocator, the others are hosts.\n"
      "Usually started by 'godwit start' or 'godwit run'; by hand: mpirun -n 4 godwitd --store DIR"};
  app.add_option("--store", store, "Directory on the shared file system for ledger, checkpoints, outputs")
      ->type_name("DIR")
      ->envname("GODWIT_STORE")
      ->required();
  app.add_option("workload", workload, "Workload file to submit")->type_name("WORKLOAD.yaml");
  app.add_option("--slots", options.slots,
                 "Cores that jobs may take on a host; else the node's cores shared among its hosts")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--overbook", options.overbook, "Of those cores so much may be taken; else 100")
      ->type_name("PERCENT")
      ->check(CLI::Range(1, 10'000));
  app.add_option_function<std::vector<std::string>>(
         "--capability",
         [&options](std::vector<std::string> const& texts) { read_capabilities(texts, options); },
         "What hosts have, such as '1-3: bigmem gpu=0,1'; may be repeated")
      ->type_name("HOSTS:WORDS")
      ->allow_extra_args(false);
  app.add_option("--plugins", plugins, "A directory of job types, before the usual ones; may be repeated")
      ->type_name("DIR")
      ->allow_extra_args(false)
      ->check(CLI::ExistingDirectory);
  add_duration(app, "--heartbeat", options.heartbeat, "Between two heart-beats of a host (500ms)");
  add_duration(app, "--lease", options.lease,
               "How long a host's jobs run on without an answer from rank 0 (10s)");
  add_duration(app, "--suspicion", options.suspicion, "A host silent this long counts as dead (30s)");
  app.add_option("--policy", options.policy,
                 "Who is served first: up-down, fair-tree, fcfs, or the file of a policy of your own")
      ->type_name("NAME")
      ->check(not_a_runs_policy);
  add_duration(app, "--interval", options.interval, "Between two looks at how the accounts stand (1s)");
  add_duration(app, "--quantum", options.quantum,
               "A job runs at least that long before it is made to wait for another account's, and stays at least that "
               "long before it is moved for --goal (1min)");
  app.add_option("--margin", options.margin,
                 "A job is made to wait only if its account's index exceeds the other's by more than so many thousandths (0)")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  add_duration(app, "--partner-every", options.partner_every,
               "Between two copies of a job in another host's memory, where its workload says partner: true (10s)");
  app.add_option_function<std::string>(
         "--partner-memory",
         [&options](std::string const& text) {
           auto const bytes = parse_size(text);
           if (!bytes) throw CLI::ValidationError("--partner-memory", bytes.failure().context);
           options.partner_memory = *bytes;
         },
         "Most that copies of others' jobs may take of a host's memory, such as 8GiB (a quarter of it)")
      ->type_name("SIZE");
  app.add_option_function<std::string>(
         "--store-quota",
         [&options](std::string const& text) {
           auto const bytes = parse_size(text);
           if (!bytes) throw CLI::ValidationError("--store-quota", bytes.failure().context);
           options.store_quota = *bytes;
         },
         "Most that all checkpoints together may take, such as 500GiB; else any")
      ->type_name("SIZE");
  app.add_option_function<std::string>(
         "--history",
         [&options](std::string const& text) {
           auto const history = parse_history(text);
           if (!history) throw CLI::ValidationError("--history", history.failure().context);
           options.history = *history;
         },
         "How long jobs that are over are remembered, how many of them, or both: 30d,100000 (the usual), or all")
      ->type_name("TIME,COUNT");
  app.add_option_function<std::string>(
         "--ledger-log",
         [&options](std::string const& text) {
           auto const bytes = parse_size(text);
           if (!bytes) throw CLI::ValidationError("--ledger-log", bytes.failure().context);
           options.ledger_log = *bytes;
         },
         "Size from which the ledger's log is made shorter, if it has outgrown what follows from it (4MiB)")
      ->type_name("SIZE");
  app.add_option_function<std::string>(
         "--managers",
         [&options](std::string const& text) {
           auto const hosts = parse_managers(text);
           if (!hosts) throw CLI::ValidationError("--managers", hosts.failure().context);
           options.managers = *hosts;
         },
         "Hosts speak to rank 0 in groups: flat (each by itself), per-node, or so many to a manager (flat)")
      ->type_name("GROUPS");
  app.add_option_function<std::string>(
         "--goal",
         [&options](std::string const& name) {
           auto const goal = policy::balance_goal_of(name);
           if (!goal) throw CLI::ValidationError("--goal", goal.failure().context);
           options.goal = *goal;
         },
         "What jobs are moved for that nobody asked to move: none, offload (the usual one), spread, consolidate or "
         "locality")
      ->type_name("GOAL");
  app.add_option_function<std::string>(
         "--probing",
         [&options](std::string const& name) {
           if (name != "none") options.probing = *policy::heuristic_of(name);
         },
         "How hosts find each other to give and take jobs, without rank 0: none, sender, receiver or symmetric; else none")
      ->check(CLI::IsMember({"none", "sender", "receiver", "symmetric"}));
  app.add_option("--probe-limit", options.probe_limit, "Hosts that are asked in a row; else 3")
      ->type_name("N")
      ->check(CLI::Range(1, 1000));
  app.add_option("--probe-threshold", options.probe_threshold,
                 "Cores' worth of jobs beyond its own from which a host gives some away; else 1")
      ->type_name("N")
      ->check(CLI::Range(1, 1000));
  app.add_option("--listen", options.listen, "Address to listen on for other nodes; else every interface")
      ->type_name("ADDRESS");
  app.add_flag("--verbose", options.verbose, "Hosts say on stderr what they do");
  try {
    app.parse(argc, argv);
    if (options.lease < 3 * options.heartbeat) {
      throw CLI::ValidationError(
          "--lease", "must be at least three times --heartbeat, or one late answer stops every job");
    }
    if (options.suspicion < options.lease) {
      throw CLI::ValidationError("--suspicion",
                                 "must be at least --lease: until then the host may run its jobs");
    }
  } catch (CLI::ParseError const& error) {
    std::ostringstream out, complaint;
    int const code = app.exit(error, out, complaint);
    if (speaks_for_all()) {
      std::fputs(out.str().c_str(), stdout);
      std::fputs(complaint.str().c_str(), stderr);
    }
    return code == 0 ? 0 : 2;
  }
  options.store = directory_from(std::filesystem::current_path(), store);
  if (!workload.empty()) options.workload = workload;
  if (is_policy_file(options.policy)) options.policy = std::filesystem::absolute(options.policy);
  for (auto const& directory : plugins) options.plugins.push_back(std::filesystem::absolute(directory));
  add_plugin_directories(options);
  return options;
}

}  // namespace godwit
