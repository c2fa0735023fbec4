// TCP by numeric addresses, this machine's and those of others.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

struct TcpAddress {
  sockaddr_storage storage{};
  socklen_t size{0};

  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};
// `text`: numeric, of either family; nothing if it isn't.
[[nodiscard]] std::optional<TcpAddress> tcp_address(std::string const& text, std::uint16_t port);

struct BoundTcp {
  UniqueFd fd;
  std::uint16_t port{0};
};
// A non-blocking socket with a port of its own, to be listened at. `address`: numeric, or empty for all of both families.
[[nodiscard]] Result<BoundTcp> bind_tcp(std::string const& address);

// Those of the interfaces that are up, the loopback one last.
[[nodiscard]] std::vector<std::string> own_addresses();
[[nodiscard]] bool is_loopback(std::string const& address);

}  // namespace godwit
