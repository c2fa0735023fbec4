#include "edge/posix/tcp.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "edge/posix/file.hpp"

namespace godwit {
namespace {

Result<BoundTcp> bind_to(TcpAddress address, bool both_families) {
  auto const failed = [](char const* doing) { return retry_later("io_error", fmt::format("{}: {}", doing, errno_text(errno))); };
  BoundTcp made;
  made.fd = UniqueFd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.fd) return failed("making a TCP socket");
  if (both_families) {
    int const off = 0;
    ::setsockopt(made.fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (::bind(made.fd.get(), address.get(), address.size) != 0) return failed("binding");
  TcpAddress bound{.size = sizeof bound.storage};
  if (::getsockname(made.fd.get(), bound.get(), &bound.size) != 0) return failed("getsockname");
  made.port = bound.storage.ss_family == AF_INET6 ? ntohs(reinterpret_cast<sockaddr_in6&>(bound.storage).sin6_port)
                                                  : ntohs(reinterpret_cast<sockaddr_in&>(bound.storage).sin_port);
  return made;
}

}  // namespace

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

Result<BoundTcp> bind_tcp(std::string const& text) {
  if (text.empty()) {
    if (auto both = bind_to(*tcp_address("::", 0), true); both) return both;
    return bind_to(*tcp_address("0.0.0.0", 0), false);
  }
  auto const address = tcp_address(text, 0);
  return address ? bind_to(*address, false) : reject("bad_address", fmt::format("no numeric address: '{}'", text));
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

}  // namespace godwit
