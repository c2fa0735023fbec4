#include "edge/rpc/socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "edge/posix/file.hpp"
#include "edge/posix/tcp.hpp"

namespace godwit::rpc {
namespace {

Failure socket_error(std::string_view doing) {
  return retry_later("io_error", fmt::format("{}: {}", doing, errno_text(errno)));
}
Failure no_way(std::string_view to) {
  return peer_lost("unreachable", fmt::format("connecting to {}: {}", to, errno_text(errno)));
}

std::optional<sockaddr_un> unix_address(std::string const& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

sockaddr* generic(sockaddr_un& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

Status set_blocking(int fd) {
  int const flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0) return socket_error("a socket's flags");
  return Done{};
}

void set_options(int fd) {  // small lines go at once; a vanished peer is noticed within a minute or so
  int const on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  int const idle_s = 30, every_s = 10, probes = 3;
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof every_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

}  // namespace

Result<UniqueFd> connect_unix(std::string const& path) {
  auto address = unix_address(path);
  if (!address) return peer_lost("unreachable", "no path for a Unix socket: " + path);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return socket_error("making a Unix socket");
  // Non-blocking: a listener whose backlog is full would hold us otherwise.
  if (::connect(fd.get(), generic(*address), sizeof *address) != 0) return no_way(path);
  auto const peer = peer_of(fd.get());
  if (!peer) return peer.failure();
  if (peer->user != ::geteuid() && peer->user != 0 && ::geteuid() != 0) {
    return peer_lost("unreachable", "someone else listens at " + path);
  }
  if (auto blocking = set_blocking(fd.get()); !blocking) return blocking.failure();
  return fd;
}

Result<UniqueFd> connect_tcp(std::string const& text, std::uint16_t port, Duration patience) {
  auto address = tcp_address(text, port);
  if (!address) return peer_lost("unreachable", "no numeric address: " + text);
  UniqueFd fd(::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return socket_error("making a TCP socket");
  if (::connect(fd.get(), address->get(), address->size) != 0) {
    if (errno != EINPROGRESS) return no_way(text);
    pollfd waiting{fd.get(), POLLOUT, 0};
    auto const patience_ms = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
    if (::poll(&waiting, 1, static_cast<int>(patience_ms)) <= 0) {
      return peer_lost("unreachable", "connecting to " + text + ": no answer");
    }
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      errno = error;
      return no_way(text);
    }
  }
  set_options(fd.get());
  if (auto blocking = set_blocking(fd.get()); !blocking) return blocking.failure();
  return fd;
}

Result<UniqueFd> listen_unix(std::string const& path) {
  auto address = unix_address(path);
  if (!address) return reject("bad_path", "too long for a Unix socket: " + path);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return socket_error("making a Unix socket");
  if (::bind(fd.get(), generic(*address), sizeof *address) != 0) return socket_error("binding " + path);
  if (::listen(fd.get(), 64) != 0) return socket_error("listening at " + path);
  return fd;
}

Result<BoundTcp> listen_tcp(std::string const& address) {
  if (!address.empty() && !tcp_address(address, 0)) {
    return reject("bad_address", "--listen takes a numeric address, not '" + address + "'");
  }
  auto bound = bind_tcp(address);
  if (bound && ::listen(bound->fd.get(), 64) == 0) return bound;
  auto const why = bound ? errno_text(errno) : bound.failure().context;
  return reject("bad_address", fmt::format("can't listen at {}: {}", address.empty() ? "any address" : address, why));
}

Result<Peer> peer_of(int unix_socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(unix_socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return socket_error("a peer's credentials");
  }
  return Peer{credentials.uid, credentials.pid};
}

}  // namespace godwit::rpc
