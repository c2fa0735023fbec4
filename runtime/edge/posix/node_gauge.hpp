// NodeGauge: the port Gauge, and what this node has. The loop thread's: /proc is no store, and doesn't block.
#pragma once

#include <cstdint>

#include "port/world.hpp"

namespace godwit {

class NodeGauge final : public Gauge {
 public:
  [[nodiscard]] Load read() override;  // the 1-minute load average
};

[[nodiscard]] std::int32_t cores_here();  // that this process may use
[[nodiscard]] std::uint64_t memory_bytes_here();

}  // namespace godwit
