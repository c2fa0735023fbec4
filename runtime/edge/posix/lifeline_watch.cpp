#include "edge/posix/lifeline_watch.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/panic.hpp"
#include "edge/posix/tcp.hpp"

namespace godwit {
namespace {

constexpr std::size_t addresses_max = 8;  // of one rank

}  // namespace

LifelineWatch::LifelineWatch() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  invariant(static_cast<bool>(epoll_), "epoll_create1 failed");
}

void LifelineWatch::watch(int key, LifelineName const& name) {
  auto const count = std::min(name.addresses.size(), addresses_max);
  if (watched_.contains(key) || lines_.size() + count > max_) return;
  watched_.emplace(key, Watched{name, {}});
  for (std::size_t i = 0; i < count; ++i) knock(key, name.addresses[i], false);
}

void LifelineWatch::knock(int key, std::string const& text, bool again) {
  auto address = tcp_address(text, watched_.at(key).name.port);
  if (!address) return;
  UniqueFd socket(::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return;
  auto const number = socket.get();
  int const error = ::connect(number, address->get(), address->size) == 0 ? 0 : errno;
  Line line{key, text, std::move(socket), {}, again};
  if (error != 0 && error != EINPROGRESS) return ended(std::move(line), error);
  // An answer, or an end. That it is connected says nothing yet.
  epoll_event event{EPOLLIN | EPOLLRDHUP, {.u64 = static_cast<std::uint64_t>(number)}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, number, &event) == 0) lines_.insert_or_assign(number, std::move(line));
}

std::vector<int> LifelineWatch::take_dead() {
  if (watched_.empty()) return {};
  std::array<epoll_event, 16> events{};
  int const count = ::epoll_wait(epoll_.get(), events.data(), events.size(), 0);
  for (int i = 0; i < count; ++i) {
    auto const line = lines_.find(static_cast<int>(events[i].data.u64));
    if (line != lines_.end()) hear(line->second);  // else dropped for another that was found
  }
  return std::exchange(dead_, {});
}

void LifelineWatch::hear(Line& line) {
  std::array<char, 64> bytes{};
  auto const got = ::recv(line.socket.get(), bytes.data(), bytes.size(), 0);
  int const error = got < 0 ? errno : 0;
  if (error == EAGAIN || error == EINTR) return;
  if (got <= 0) return ended(std::move(lines_.extract(line.socket.get()).mapped()), error);
  line.heard.append(bytes.data(), static_cast<std::size_t>(got));
  auto const& secret = watched_.at(line.key).name.secret;
  if (!secret.starts_with(line.heard)) {  // somebody else
    lines_.erase(line.socket.get());
  } else if (line.heard == secret) {
    found(line);
  }
}

void LifelineWatch::found(Line const& line) {
  auto& watched = watched_.at(line.key);
  watched.address = line.address;
  std::erase_if(lines_, [&line](auto const& each) { return each.second.key == line.key && each.second.address != line.address; });
}

void LifelineWatch::ended(Line line, int error) {
  auto const& watched = watched_.at(line.key);
  if (watched.address != line.address) return;  // it was never found there
  if (!line.knocks_again || error == ECONNRESET || error == 0) return knock(line.key, line.address, true);
  if (error == ECONNREFUSED) dead_.push_back(line.key);
}

}  // namespace godwit
