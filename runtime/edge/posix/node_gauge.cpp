#include "edge/posix/node_gauge.hpp"

#include <utility>

namespace godwit {

NodeGauge::NodeGauge(std::vector<std::int32_t> cpus) : proc_("/proc", "/sys/fs/cgroup", std::move(cpus)) {}

NodeLoad NodeGauge::read() {
  return proc_.read();
}

}  // namespace godwit
