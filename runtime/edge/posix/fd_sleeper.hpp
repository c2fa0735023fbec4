// FdSleeper: the port Sleeper: ppoll over the descriptors that wake the loop.
//
// Ranks of this node ring (doorbell.hpp). What comes from another node, or is on its way through MPI, can't
// be waited for, so such a sleep is a nap, after which the loop looks again: a 32nd of the time for which
// nothing has happened, from 10 µs to 2 ms. Napping, never spinning: where other work keeps every core busy,
// a loop that spins 100 µs (or naps 1 µs) uses its turn up, and a small job's move took 8 to 12 ms
// (docs/figures.md). One thread, whose timer slack it sets.
#pragma once

#include <poll.h>

#include <vector>

#include "port/world.hpp"

namespace godwit {

class FdSleeper final : public Sleeper {
 public:
  // `all_ring`: whatever may come, but for what is in flight already, comes with one of these descriptors.
  explicit FdSleeper(std::vector<int> const& wait_fds, bool all_ring = false);

  void sleep(Duration at_most, bool busy) override;

 private:
  [[nodiscard]] Duration nap(Duration idle, bool busy) const;

  std::vector<pollfd> fds_;
  bool all_ring_;
  std::int64_t last_busy_ns_;
};

}  // namespace godwit
