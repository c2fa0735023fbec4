// How the ranks are started: which program starts them, with which flags and environment. Why each flag:
// docs/adr.
//
// Inside a Slurm allocation srun starts them if it has a PMIx plugin: the loss of a node then leaves the
// others running, which mpirun doesn't survive. Otherwise, and outside of Slurm, mpirun does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "app/godwit/slurm.hpp"
#include "base/result.hpp"

namespace godwit::cli {

struct LaunchOptions {
  std::int32_t hosts{0};  // 0: as many as there are cores; in Slurm, one per task
  std::int32_t slots{0};  // 0: godwitd decides; in Slurm, the cores that were given to a task
  std::int32_t overbook{100};             // percent of those cores that jobs may take
  std::vector<std::string> capabilities;  // as --capability says them
  std::string accounts;                   // a file; empty: none
  std::string store_quota, history, ledger_log, partner_every, partner_memory;
  std::string policy, interval, quantum, margin, managers, goal, probing;  // empty: godwitd's own
  std::string heartbeat, lease, suspicion;
  std::int32_t probe_limit{0}, probe_threshold{0};  // 0: godwitd's own
  std::vector<std::string> plugins;
  std::string launcher;  // "srun" or "mpirun"; "": what there is
};

struct LaunchPlan {
  std::int32_t hosts{0};
  std::vector<std::string> words;                                  // of the command line
  std::vector<std::pair<std::string, std::string>> environment{};  // set for it
  std::vector<std::string> notes{};                                // for the user: what was taken from Slurm
  std::vector<std::string> places{};  // srun: the node of each rank, for the file that SLURM_HOSTFILE names

  [[nodiscard]] std::string spell() const;  // environment and command as a shell would take them
};

// Asks the environment and Slurm's commands.
[[nodiscard]] Result<LaunchPlan> plan_launch(std::filesystem::path const& store,
                                             LaunchOptions const& options);

// The plan itself. Pure.
[[nodiscard]] LaunchPlan plan_here(std::filesystem::path const& store, LaunchOptions const& options,
                                   std::int32_t cores);
[[nodiscard]] LaunchPlan plan_in_slurm(std::filesystem::path const& store, LaunchOptions const& options,
                                       SlurmAllocation const& allocation, bool srun);

}  // namespace godwit::cli
