#include "edge/rpc/socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
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

struct TcpAddress {
  sockaddr_storage storage{};
  socklen_t size{0};
};
std::optional<TcpAddress> tcp_address(std::string const& text, std::uint16_t port) {
  TcpAddress address;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&address.storage, &v4, address.size = sizeof v4);
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&address.storage, &v6, address.size = sizeof v6);
  } else {
    return std::nullopt;
  }
  return address;
}

sockaddr* generic(sockaddr_storage& storage) {
  return reinterpret_cast<sockaddr*>(&storage);
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

Result<TcpListener> listen_on(TcpAddress address, bool both_families) {
  TcpListener listener;
  listener.fd = UniqueFd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.fd) return socket_error("making a TCP socket");
  if (both_families) {
    int const off = 0;
    ::setsockopt(listener.fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (::bind(listener.fd.get(), generic(address.storage), address.size) != 0) return socket_error("binding");
  if (::listen(listener.fd.get(), 64) != 0) return socket_error("listening");
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(listener.fd.get(), generic(bound), &size) != 0) return socket_error("getsockname");
  listener.port = bound.ss_family == AF_INET6 ? ntohs(reinterpret_cast<sockaddr_in6&>(bound).sin6_port)
                                              : ntohs(reinterpret_cast<sockaddr_in&>(bound).sin_port);
  return listener;
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
  if (::connect(fd.get(), generic(address->storage), address->size) != 0) {
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

Result<TcpListener> listen_tcp(std::string const& text) {
  if (!text.empty()) {
    auto const address = tcp_address(text, 0);
    if (!address) return reject("bad_address", "--listen takes a numeric address, not '" + text + "'");
    auto listener = listen_on(*address, false);
    if (!listener)
      return reject("bad_address", "can't listen at " + text + ": " + listener.failure().context);
    return listener;
  }
  if (auto both = listen_on(*tcp_address("::", 0), true); both) return both;
  return listen_on(*tcp_address("0.0.0.0", 0), false);
}

std::vector<std::string> own_addresses() {
  std::vector<std::string> addresses;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return {"127.0.0.1"};
  for (auto const* each = first; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || (each->ifa_flags & IFF_UP) == 0) continue;
    char text[INET6_ADDRSTRLEN]{};
    if (each->ifa_addr->sa_family == AF_INET) {
      auto const* v4 = reinterpret_cast<sockaddr_in const*>(each->ifa_addr);
      ::inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    } else if (each->ifa_addr->sa_family == AF_INET6) {
      auto const* v6 = reinterpret_cast<sockaddr_in6 const*>(each->ifa_addr);
      if (IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)) continue;  // would need the interface's name as well
      ::inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    }
    if (text[0] != '\0' && !is_loopback(text)) addresses.emplace_back(text);
  }
  ::freeifaddrs(first);
  std::stable_partition(addresses.begin(), addresses.end(),
                        [](std::string const& text) { return text.find(':') == std::string::npos; });
  addresses.emplace_back("127.0.0.1");
  return addresses;
}

bool is_loopback(std::string const& address) {
  return address.starts_with("127.") || address == "::1";
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
