// Sockets as the control edge needs them: Unix and TCP, made, bound, connected, with the numeric
// addresses of this machine. Failures are peer_lost "unreachable" (connecting) or retry_later "io_error".
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "edge/capsules/link/unique_fd.hpp"

namespace godwit::rpc {

// Blocking sockets, connected. The Unix one only if a process of this user, or of root, listens there.
[[nodiscard]] Result<UniqueFd> connect_unix(std::string const& path);
[[nodiscard]] Result<UniqueFd> connect_tcp(std::string const& address, std::uint16_t port, Duration patience);

// Non-blocking listeners.
[[nodiscard]] Result<UniqueFd> listen_unix(std::string const& path);
struct TcpListener {
  UniqueFd fd;
  std::uint16_t port{0};
};
// `address`: numeric, or empty for all addresses of both families.
[[nodiscard]] Result<TcpListener> listen_tcp(std::string const& address);

// Numeric addresses of the interfaces that are up, the loopback ones last.
[[nodiscard]] std::vector<std::string> own_addresses();
[[nodiscard]] bool is_loopback(std::string const& address);

struct Peer {
  uid_t user{0};
  pid_t pid{0};
};
[[nodiscard]] Result<Peer> peer_of(int unix_socket);

}  // namespace godwit::rpc
