// FdSleeper: the port Sleeper: ppoll over the descriptors that wake the loop.
//
// MPI can't be waited for, so every sleep is short: the loop looks again. How short depends on how long
// nothing has happened: naps of tens of microseconds right after something did (the next message of a
// conversation is near), a millisecond when idle, a few when idle for long. Napping, not spinning: with
// one core per rank or less, a spinning loop starves the jobs it serves.
// Measured (2 ranks, Open MPI vader): see the table in fd_sleeper.cpp.
// One thread, whose timer slack it sets.
#pragma once

#include <poll.h>

#include <vector>

#include "port/world.hpp"

namespace godwit {

class FdSleeper final : public Sleeper {
 public:
  explicit FdSleeper(std::vector<int> const& wait_fds);

  void sleep(Duration at_most, bool busy) override;

 private:
  [[nodiscard]] Duration nap(Duration idle) const;

  std::vector<pollfd> fds_;
  std::int64_t last_busy_ns_;
};

}  // namespace godwit
