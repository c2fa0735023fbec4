// Sockets as the control edge needs them: Unix and TCP, made, bound, connected.
// Failures are peer_lost "unreachable" (connecting) or retry_later "io_error".
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "edge/capsules/link/unique_fd.hpp"
#include "edge/posix/tcp.hpp"

namespace godwit::rpc {

// Blocking sockets, connected. The Unix one only if a process of this user, or of root, listens there.
[[nodiscard]] Result<UniqueFd> connect_unix(std::string const& path);
[[nodiscard]] Result<UniqueFd> connect_tcp(std::string const& address, std::uint16_t port, Duration patience);

// Non-blocking listeners.
[[nodiscard]] Result<UniqueFd> listen_unix(std::string const& path);
// `address`: numeric, or empty for all addresses of both families.
[[nodiscard]] Result<BoundTcp> listen_tcp(std::string const& address);

struct Peer {
  uid_t user{0};
  pid_t pid{0};
};
[[nodiscard]] Result<Peer> peer_of(int unix_socket);

}  // namespace godwit::rpc
