// FdSleeper: the port Sleeper: ppoll over the descriptors that wake the loop.
//
// MPI can't be waited for, so every sleep is short: the loop looks again. How short depends on how long
// nothing has happened: not at all in the first 100 µs after something did (the next message of a
// conversation is near, and the shortest nap costs half of that), then naps that grow with the quiet, up
// to 2 ms. Never a longer spin: with one core per rank or less it would starve the jobs.
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
