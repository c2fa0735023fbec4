// StopSignals: SIGTERM, SIGINT and SIGUSR1 as something the loop can poll. On rank 0 they mean: stop the
// runtime. Hosts don't act on them: mpirun sends its own to every rank when it is told to end, and a
// host that left by itself would take its jobs' last images with it; they wait for Quiesce.
//
// Made in main before any thread, so that every thread inherits the mask. Children must unblock.
#pragma once

#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

class StopSignals {
 public:
  StopSignals();

  [[nodiscard]] bool take();  // has one come since the last call?
  [[nodiscard]] int wait_fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

}  // namespace godwit
