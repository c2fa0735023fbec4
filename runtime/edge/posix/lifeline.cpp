#include "edge/posix/lifeline.hpp"

#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "edge/posix/file.hpp"
#include "edge/posix/tcp.hpp"

namespace godwit {
namespace {

constexpr int backlog = 4096;  // all ranks connect to the first one at once

Failure no_lifeline(std::string const& why) { return retry_later("no_lifeline", "a socket for ranks of other nodes: " + why); }

}  // namespace

Lifeline::Lifeline(UniqueFd socket, UniqueFd epoll, LifelineName name)
    : socket_(std::move(socket)), epoll_(std::move(epoll)), name_(std::move(name)) {}

Result<Lifeline> Lifeline::open() {
  auto bound = bind_tcp("");
  if (!bound) return no_lifeline(bound.failure().context);
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return no_lifeline(errno_text(errno));
  LifelineName name{own_addresses(), bound->port, std::string(16, '\0')};
  std::erase_if(name.addresses, is_loopback);
  if (::getrandom(name.secret.data(), name.secret.size(), 0) != static_cast<ssize_t>(name.secret.size())) {
    return no_lifeline("no random bytes");
  }
  return Lifeline(std::move(bound->fd), std::move(epoll), std::move(name));
}

Status Lifeline::listen() {
  epoll_event event{EPOLLIN, {.u64 = static_cast<std::uint64_t>(socket_.get())}};
  if (::listen(socket_.get(), backlog) != 0 || ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket_.get(), &event) != 0) {
    return no_lifeline(errno_text(errno));
  }
  return Done{};
}

void Lifeline::tend() {
  std::array<epoll_event, 16> events{};
  int const count = ::epoll_wait(epoll_.get(), events.data(), events.size(), 0);
  for (int i = 0; i < count; ++i) {
    auto const number = static_cast<int>(events[i].data.u64);
    if (number != socket_.get()) {
      guests_.erase(number);
    } else if (UniqueFd guest(::accept4(number, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)); guest) {
      greet(std::move(guest));
    }
  }
}

void Lifeline::greet(UniqueFd guest) {
  auto const number = guest.get();
  auto const& secret = name_.secret;
  epoll_event event{EPOLLIN | EPOLLRDHUP, {.u64 = static_cast<std::uint64_t>(number)}};
  if (::send(number, secret.data(), secret.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(secret.size())) return;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, number, &event) != 0) return;
  guests_.emplace(number, std::move(guest));
  // Whoever else comes waits: enough descriptors must be left for the rest.
  if (guests_.size() == lifelines_max()) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket_.get(), nullptr);
}

std::size_t lifelines_max() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, 1 << 20) / 4);
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // refused: then fewer are watched
}

}  // namespace godwit
