// The command line of godwitd, and what it leaves to be found out. Pure but for reading the environment.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/workload/argument.hpp"
#include "app/workload/capability.hpp"
#include "base/time.hpp"
#include "policy/balance.hpp"
#include "policy/probing.hpp"

namespace godwit {

struct Options {
  std::filesystem::path store;  // absolute
  std::optional<std::filesystem::path> workload;
  std::int32_t slots{0};  // 0: the node's cores shared among its hosts
  std::int32_t overbook{100};  // percent of them that jobs may take
  std::vector<DeclaredCapability> declared;
  std::vector<std::filesystem::path> plugins;  // in order of precedence, all sources together
  Duration heartbeat{500ms};
  Duration lease{10s};
  Duration suspicion{30s};
  std::string policy{"up-down"};
  Duration interval{1s};   // of the policy
  Duration quantum{60s};   // that a job runs before it is made to wait for another account's
  Duration partner_every{10s};        // between two copies of a job in another host's memory
  std::uint64_t partner_memory{0};    // the most that copies of others' jobs may take of a host's; 0: a quarter
  std::uint64_t store_quota{0};  // for all checkpoints; 0: no limit
  std::uint64_t ledger_log{std::uint64_t{4} << 20};  // bytes of log from which a snapshot is made
  History history;               // how long jobs that are over are remembered
  std::int64_t margin{0};  // by which its account's index must exceed the other's
  std::int32_t managers{0};  // hosts to each; 0: none; -1: those of a node
  policy::BalanceGoal goal{policy::BalanceGoal::offload};  // for which jobs are moved without being asked for
  std::optional<policy::Heuristic> probing;  // by which hosts find each other; none: they don't
  std::int32_t probe_limit{3};
  std::int32_t probe_threshold{1};  // cores' worth of jobs beyond its own from which a host gives some away
  std::string listen;  // for TCP; empty: every interface
  bool verbose{false};
};

// The options, or the exit code after help or an error was printed (by rank 0 alone, where ranks are known).
[[nodiscard]] std::variant<Options, int> read_options(int argc, char** argv);

[[nodiscard]] std::filesystem::path program_directory();  // where godwitd itself lies

}  // namespace godwit
