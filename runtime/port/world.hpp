// The rest of the world: time, sleep, and where notes go.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "message/load.hpp"

namespace godwit {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
  [[nodiscard]] virtual WallTime wall() const = 0;
};

// Sleeps until something may have happened, or at most this long. `busy`: something is in flight, so
// wake-up latency matters more than a core.
class Sleeper {
 public:
  virtual ~Sleeper() = default;
  virtual void sleep(Duration at_most, bool busy) = 0;
};

enum class Level : std::uint8_t { config = 0, info = 1, warning = 2, severe = 3 };

struct Note {
  Level level{Level::info};
  JobId job;    // 0: none
  Epoch epoch;  // 0: none
  std::string text;
};

class Log {
 public:
  virtual ~Log() = default;
  virtual void write(Note const& note) = 0;
};

// How busy this node is: rates are since the last reading.
class Gauge {
 public:
  virtual ~Gauge() = default;
  [[nodiscard]] virtual NodeLoad read() = 0;
};

}  // namespace godwit
