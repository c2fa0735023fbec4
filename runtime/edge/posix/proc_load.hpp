// ProcLoad: how busy a node is, read from /proc: the use of its cores since the last reading, the run queue, the load average,
// memory, and pressure (PSI) where the kernel has it. What a file doesn't say is absent. One thread: the loop's; the
// files are the kernel's, and don't block. See proc(5), and Documentation/accounting/psi.rst.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "message/load.hpp"

namespace godwit {

class ProcLoad {
 public:
  // `cpus`: those that may be used; all of them if none are named. `groups`: where control groups are mounted.
  ProcLoad(std::filesystem::path proc, std::filesystem::path groups, std::vector<std::int32_t> cpus);

  [[nodiscard]] NodeLoad read();

 private:
  struct Ticks {
    std::uint64_t used{0}, all{0};
  };
  void read_average(NodeLoad& load) const;
  void read_cores(NodeLoad& load);
  void read_memory(NodeLoad& load) const;
  [[nodiscard]] std::optional<std::int64_t> stall(char const* file) const;

  std::filesystem::path proc_, groups_;
  std::vector<std::int32_t> cpus_;
  std::optional<Ticks> last_;
  std::optional<std::int64_t> busy_milli_;  // as last reckoned
};

}  // namespace godwit
