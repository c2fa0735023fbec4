#include "edge/posix/stop_signals.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/panic.hpp"

namespace godwit {

StopSignals::StopSignals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (int const signal : {SIGTERM, SIGINT, SIGUSR1}) ::sigaddset(&signals, signal);
  invariant(::pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0, "signals can't be blocked");
  fd_ = UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  invariant(static_cast<bool>(fd_), "signalfd failed");
}

bool StopSignals::take() {
  bool came = false;
  signalfd_siginfo info;
  while (::read(fd_.get(), &info, sizeof info) == sizeof info) came = true;
  return came;
}

}  // namespace godwit
