#include "app/godwit/launcher.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <sstream>

#include "app/godwit/output_of.hpp"
#include "edge/policies/policy_plugin.hpp"

namespace godwit::cli {
namespace {

namespace fs = std::filesystem;

std::int32_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

// godwitd and its own arguments, behind the launcher's.
void add_godwitd(std::vector<std::string>& words, fs::path const& store, LaunchOptions const& options,
                 std::int32_t slots) {
  words.push_back((fs::read_symlink("/proc/self/exe").parent_path() / "godwitd").string());
  auto const add = [&](char const* flag, std::string value) {
    words.emplace_back(flag);
    words.push_back(std::move(value));
  };
  add("--store", store.string());
  if (slots > 0) add("--slots", std::to_string(slots));
  if (options.overbook != 100) add("--overbook", std::to_string(options.overbook));
  for (auto const& declared : options.capabilities) add("--capability", declared);
  bool const own = is_policy_file(options.policy);
  if (!options.policy.empty()) add("--policy", own ? fs::absolute(options.policy).string() : options.policy);
  if (!options.heartbeat.empty()) add("--heartbeat", options.heartbeat);
  if (!options.lease.empty()) add("--lease", options.lease);
  if (!options.suspicion.empty()) add("--suspicion", options.suspicion);
  if (!options.interval.empty()) add("--interval", options.interval);
  if (!options.quantum.empty()) add("--quantum", options.quantum);
  if (!options.margin.empty()) add("--margin", options.margin);
  if (!options.store_quota.empty()) add("--store-quota", options.store_quota);
  if (!options.history.empty()) add("--history", options.history);
  if (!options.ledger_log.empty()) add("--ledger-log", options.ledger_log);
  if (!options.partner_every.empty()) add("--partner-every", options.partner_every);
  if (!options.partner_memory.empty()) add("--partner-memory", options.partner_memory);
  if (!options.managers.empty()) add("--managers", options.managers);
  if (!options.goal.empty()) add("--goal", options.goal);
  if (!options.probing.empty()) add("--probing", options.probing);
  if (options.probe_limit > 0) add("--probe-limit", std::to_string(options.probe_limit));
  if (options.probe_threshold > 0) add("--probe-threshold", std::to_string(options.probe_threshold));
  for (auto const& directory : options.plugins) add("--plugins", fs::absolute(directory).string());
}

std::vector<std::string> mpirun_words(std::int32_t hosts) {
  return {"mpirun",
          "--enable-recovery",
          "--bind-to",
          "none",
          "--oversubscribe",
          "--mca",
          "pml",
          "ob1",
          "--mca",
          "btl",
          "vader,tcp,self",
          "--mca",
          "mpi_yield_when_idle",
          "1",
          "-n",
          std::to_string(hosts + 1)};
}

// The places are in the order of the ranks, each node's together.
std::vector<std::string> srun_words(std::vector<std::string> places) {
  auto const ranks = places.size();
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return {"srun",
          "--mpi=pmix",
          "--no-kill",
          "--kill-on-bad-exit=0",
          "--wait=0",
          "--overcommit",
          "--overlap",
          "--cpu-bind=none",
          "--distribution=arbitrary",
          fmt::format("--nodes={}", places.size()),
          fmt::format("--ntasks={}", ranks)};
}

bool has_pmix(std::string const& plugins) {
  std::istringstream in(plugins);
  for (std::string word; in >> word;) {
    if (word == "pmix") return true;
  }
  return false;
}

std::string node_list(SlurmAllocation const& allocation) {
  constexpr std::size_t shown_max = 8;
  std::string text;
  for (std::size_t i = 0; i < allocation.nodes.size() && i < shown_max; ++i)
    text += (i == 0 ? "" : " ") + allocation.nodes[i].name;
  return text + (allocation.nodes.size() > shown_max ? " …" : "");
}

std::string quoted(std::string const& word) {
  constexpr auto plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=.,/:@%+";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string text = "'";
  for (char const c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

std::string LaunchPlan::spell() const {
  std::string text;
  for (auto const& [name, value] : environment) text += fmt::format("{}={} ", name, quoted(value));
  for (auto const& word : words) text += quoted(word) + " ";
  text.pop_back();
  return text;
}

LaunchPlan plan_here(fs::path const& store, LaunchOptions const& options, std::int32_t cores) {
  LaunchPlan plan;
  plan.hosts = options.hosts > 0 ? options.hosts : cores;
  plan.words = mpirun_words(plan.hosts);
  add_godwitd(plan.words, store, options, options.slots);
  plan.notes.push_back("launching: " + plan.spell());
  return plan;
}

LaunchPlan plan_in_slurm(fs::path const& store, LaunchOptions const& options, SlurmAllocation const& given,
                         bool srun) {
  auto const allocation = options.hosts > 0 ? given.with_hosts(options.hosts) : given;
  auto const slots = options.slots > 0 ? options.slots : allocation.slots();
  LaunchPlan plan;
  plan.hosts = allocation.hosts();
  plan.notes.push_back(fmt::format(
      "Slurm job {}: {} host{} with {} slot{} each on {} node{} ({}); rank 0 on {}", allocation.job,
      plan.hosts, plan.hosts == 1 ? "" : "s", slots, slots == 1 ? "" : "s", allocation.nodes.size(),
      allocation.nodes.size() == 1 ? "" : "s", node_list(allocation), allocation.nodes.front().name));
  if (srun) {
    plan.places = allocation.places();
    plan.environment = {{"SLURM_HOSTFILE", (store / "log" / "nodes").string()},
                        {"PMIX_MCA_gds", "hash"},  // without it 1 start in 24 failed
                        {"OMPI_MCA_pml", "ob1"},
                        {"OMPI_MCA_btl", "vader,tcp,self"},
                        {"OMPI_MCA_mpi_yield_when_idle", "1"}};
    plan.words = srun_words(plan.places);
  } else {
    plan.words = mpirun_words(plan.hosts);
    std::string hosts;
    for (std::size_t i = 0; i < allocation.nodes.size(); ++i) {
      auto const& node = allocation.nodes[i];
      auto const ranks = node.hosts + (i == 0 ? 1 : 0);
      if (ranks > 0) hosts += fmt::format("{}{}:{}", hosts.empty() ? "" : ",", node.name, ranks);
    }
    plan.words.insert(plan.words.end(), {"--host", hosts, "--map-by", "slot"});
    plan.notes.emplace_back(
        "launching with mpirun: the loss of a node will end the whole runtime, and its jobs go on from their "
        "checkpoints when it is started again");
  }
  add_godwitd(plan.words, store, options, slots);
  plan.notes.push_back("launching: " + plan.spell());
  return plan;
}

Result<LaunchPlan> plan_launch(fs::path const& store, LaunchOptions const& options) {
  auto const allocation = slurm_allocation_here();
  if (!allocation) return allocation.failure();
  if (!*allocation) {
    if (options.launcher == "srun")
      return reject("no_allocation", "--launcher srun: this is no Slurm allocation");
    return plan_here(store, options, usable_cores());
  }
  bool srun = options.launcher == "srun";
  if (options.launcher.empty()) {
    auto const plugins = output_of({"srun", "--mpi=list"});
    srun = plugins && has_pmix(*plugins);
  }
  return plan_in_slurm(store, options, **allocation, srun);
}

}  // namespace godwit::cli
