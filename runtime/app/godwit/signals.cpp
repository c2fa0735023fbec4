#include "app/godwit/signals.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "base/panic.hpp"

namespace godwit::cli {
namespace {

// A program under nohup has SIGHUP ignored, and wants it so.
bool is_ignored(int signal) {
  struct sigaction now {};
  return sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

SignalWatch::SignalWatch() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  if (!is_ignored(SIGHUP)) sigaddset(&set, SIGHUP);
  sigprocmask(SIG_BLOCK, &set, &before_);
  file_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  invariant(file_ >= 0, "signalfd");
}

SignalWatch::~SignalWatch() {
  ::close(file_);
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

bool SignalWatch::came_within(Duration patience) {
  if (came_) return true;
  pollfd item{file_, POLLIN, 0};
  auto const ms = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
  if (::poll(&item, 1, static_cast<int>(ms)) > 0) {
    signalfd_siginfo taken{};
    came_ = ::read(file_, &taken, sizeof taken) == sizeof taken;
  }
  return came_;
}

void SignalWatch::forget() {
  sigset_t set;
  sigemptyset(&set);
  for (int const signal : {SIGINT, SIGTERM, SIGHUP}) {
    sigaddset(&set, signal);
    if (signal != SIGHUP) std::signal(signal, SIG_DFL);
  }
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace godwit::cli
