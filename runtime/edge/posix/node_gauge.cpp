#include "edge/posix/node_gauge.hpp"

#include <stdlib.h>

namespace godwit {

Load NodeGauge::read() {
  double load = 0;
  if (::getloadavg(&load, 1) != 1) return {};
  return {static_cast<std::int64_t>(load * 1000)};
}

}  // namespace godwit
