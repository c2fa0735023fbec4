#include "edge/posix/death_watch.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/panic.hpp"

namespace godwit {

DeathWatch::DeathWatch() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  invariant(static_cast<bool>(epoll_), "epoll_create1 failed");
}

void DeathWatch::watch(int key, pid_t pid) {
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) {
    // Before Linux 5.3 there is none: then silence has to be enough.
    if (errno == ESRCH) dead_already_.push_back(key);
    return;
  }
  epoll_event event{EPOLLIN, {.u64 = static_cast<std::uint64_t>(key)}};
  invariant(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, pidfd.get(), &event) == 0, "a pidfd can't be watched");
  pidfds_.insert_or_assign(key, std::move(pidfd));
}

std::vector<int> DeathWatch::take_dead() {
  auto dead = std::exchange(dead_already_, {});
  std::array<epoll_event, 16> events{};
  int const count = ::epoll_wait(epoll_.get(), events.data(), events.size(), 0);
  for (int i = 0; i < count; ++i) {
    auto const key = static_cast<int>(events[i].data.u64);
    if (pidfds_.erase(key) > 0) dead.push_back(key);
  }
  return dead;
}

bool is_alive(pid_t pid) { return pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM); }

}  // namespace godwit
