// NodeGauge: the port Gauge. The loop thread's: /proc is no store, and doesn't block.
#pragma once

#include "port/world.hpp"

namespace godwit {

class NodeGauge final : public Gauge {
 public:
  [[nodiscard]] Load read() override;  // the 1-minute load average
};

}  // namespace godwit
