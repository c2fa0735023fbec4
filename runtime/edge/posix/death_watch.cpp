#include "edge/posix/death_watch.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/panic.hpp"

namespace godwit {

DeathWatch::DeathWatch() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  invariant(static_cast<bool>(epoll_), "epoll_create1 failed");
}

namespace {

UniqueFd open_pidfd(pid_t pid) { return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

}  // namespace

void DeathWatch::watch(int key, std::span<pid_t const> pids) {
  for (auto const pid : pids) {
    auto pidfd = open_pidfd(pid);
    if (!pidfd && errno == ESRCH) continue;
    if (!pidfd) {  // before Linux 5.3 there is none: then silence has to be enough
      std::erase_if(watched_, [key](auto const& one) { return one.second.key == key; });
      return;
    }
    auto const number = pidfd.get();
    epoll_event event{EPOLLIN, {.u64 = static_cast<std::uint64_t>(number)}};
    invariant(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, number, &event) == 0, "a pidfd can't be watched");
    watched_.emplace(number, Watched{key, std::move(pidfd)});
  }
  if (!is_watched(key)) dead_already_.push_back(key);
}

bool DeathWatch::is_watched(int key) const {
  return std::ranges::any_of(watched_, [key](auto const& one) { return one.second.key == key; });
}

std::vector<int> DeathWatch::take_dead() {
  auto dead = std::exchange(dead_already_, {});
  std::array<epoll_event, 16> events{};
  int const count = ::epoll_wait(epoll_.get(), events.data(), events.size(), 0);
  for (int i = 0; i < count; ++i) {
    auto const ended = watched_.extract(static_cast<int>(events[i].data.u64));
    if (ended && !is_watched(ended.mapped().key)) dead.push_back(ended.mapped().key);
  }
  return dead;
}

bool is_alive(pid_t pid) {
  if (pid <= 0) return false;
  auto const pidfd = open_pidfd(pid);
  if (!pidfd) return errno != ESRCH && (::kill(pid, 0) == 0 || errno == EPERM);
  pollfd ended{pidfd.get(), POLLIN, 0};
  return ::poll(&ended, 1, 0) == 0;
}

}  // namespace godwit
