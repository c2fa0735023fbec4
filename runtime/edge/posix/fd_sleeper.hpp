// FdSleeper: the port Sleeper: ppoll over the descriptors that wake the loop.
//
// MPI can't be waited for, so every sleep is a nap, after which the loop looks again: a 32nd of the time
// for which nothing has happened, from 20 µs to 2 ms. So a message that comes after a wait is noticed
// within 3 % of that wait, and a node that only heart-beats looks about 700 times a second, which costs
// 1 to 2 % of a core. Napping, not spinning: with a core per rank or less, a spinning loop would starve
// the jobs it serves.
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
  [[nodiscard]] static Duration nap(Duration idle);

  std::vector<pollfd> fds_;
  std::int64_t last_busy_ns_;
};

}  // namespace godwit
