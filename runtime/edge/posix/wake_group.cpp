#include "edge/posix/wake_group.hpp"

#include <sys/epoll.h>

#include "base/panic.hpp"

namespace godwit {

WakeGroup::WakeGroup() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  invariant(static_cast<bool>(epoll_), "epoll_create1 failed");
}

void WakeGroup::add(int fd) {
  epoll_event event{EPOLLIN, {.fd = fd}};
  invariant(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0, "a descriptor can't be waited for");
}

}  // namespace godwit
