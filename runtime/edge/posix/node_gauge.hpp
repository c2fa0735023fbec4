// NodeGauge: the port Gauge. The loop thread's: /proc is no store, and doesn't block.
#pragma once

#include <cstdint>
#include <vector>

#include "edge/posix/proc_load.hpp"
#include "port/world.hpp"

namespace godwit {

class NodeGauge final : public Gauge {
 public:
  explicit NodeGauge(std::vector<std::int32_t> cpus);  // that jobs may run on
  [[nodiscard]] NodeLoad read() override;

 private:
  ProcLoad proc_;
};

}  // namespace godwit
