// Cores: which cores of the node a job of this host is kept to. A job gets cores of its own while enough of the
// host's are free; otherwise it shares all cores of the node that its user may use, and the kernel decides.
#pragma once

#include <cstdint>
#include <vector>

namespace godwit::host {

class Cores {
 public:
  struct Taken {
    std::vector<std::int32_t> cpus;  // none: the host keeps its jobs to no cores
    bool alone{false};
  };

  // `own`: this host's; `others`: of other hosts on the node.
  Cores(std::vector<std::int32_t> own, std::vector<std::int32_t> const& others);

  [[nodiscard]] Taken take(std::int32_t count);
  void give_back(Taken taken);

 private:
  std::vector<std::int32_t> free_, all_;  // in order
};

}  // namespace godwit::host
