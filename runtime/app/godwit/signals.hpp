// SignalWatch: Ctrl-C, SIGTERM and a lost terminal as something to wait for, instead of an interruption.
// One per process, made before anything that should be ended in order; children must call
// SignalWatch::forget() before exec. One thread.
#pragma once

#include <csignal>

#include "base/time.hpp"

namespace godwit::cli {

class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(SignalWatch const&) = delete;
  SignalWatch& operator=(SignalWatch const&) = delete;

  // Sleeps that long; true as soon as, or if ever before, one of the signals came.
  bool came_within(Duration patience);
  [[nodiscard]] bool came() const { return came_; }

  // From now on the signals do again what they do by default: a second Ctrl-C ends the program.
  static void forget();

 private:
  sigset_t before_{};
  int file_{-1};
  bool came_{false};
};

}  // namespace godwit::cli
