// The keys of a workload file with their meanings: what the reader takes and what help and manual page say
// are one list. Pure.
#pragma once

#include <string>
#include <vector>

namespace godwit {

struct WorkloadKey {
  std::string name;
  std::string form;  // "[JOB, …] or {JOB: finished | ended}"
  std::string help;
};

[[nodiscard]] std::vector<WorkloadKey> const& top_keys();
[[nodiscard]] std::vector<WorkloadKey> const& own_keys();     // of a job only
[[nodiscard]] std::vector<WorkloadKey> const& common_keys();  // of a job and of the defaults
[[nodiscard]] std::vector<WorkloadKey> const& account_keys();
[[nodiscard]] std::vector<WorkloadKey> const& checkpoint_keys();
[[nodiscard]] std::vector<WorkloadKey> const& axis_keys();
// Known, and refused by name.
[[nodiscard]] std::vector<std::string> const& later_keys();

[[nodiscard]] std::vector<std::string> names_of(std::vector<WorkloadKey> const& keys);

}  // namespace godwit
