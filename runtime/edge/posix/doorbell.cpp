#include "edge/posix/doorbell.hpp"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace godwit {
namespace {

struct Address {
  sockaddr_un where{};
  socklen_t size{0};
};

// Abstract: the name begins after a null byte, and has no file.
Address address_of(std::string const& name) {
  Address address;
  address.where.sun_family = AF_UNIX;
  auto const length = std::min(name.size(), sizeof address.where.sun_path - 1);
  std::memcpy(address.where.sun_path + 1, name.data(), length);
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  return address;
}

}  // namespace

Result<Doorbell> Doorbell::open() {
  std::uint64_t secret = 0;
  if (::getrandom(&secret, sizeof secret, 0) != static_cast<ssize_t>(sizeof secret)) {
    return retry_later("no_random", fmt::format("no random number for a doorbell: {}", std::strerror(errno)));
  }
  auto name = fmt::format("godwit-{}-{:016x}", ::getpid(), secret);
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  auto const address = address_of(name);
  if (!socket || ::bind(socket.get(), reinterpret_cast<sockaddr const*>(&address.where), address.size) != 0) {
    return retry_later("no_socket", fmt::format("no socket for a doorbell: {}", std::strerror(errno)));
  }
  return Doorbell(std::move(socket), std::move(name));
}

void Doorbell::silence() const {
  char ignored = 0;
  while (::recv(socket_.get(), &ignored, sizeof ignored, MSG_DONTWAIT) >= 0) {
  }
}

void Doorbell::ring(std::string const& name) const {
  auto const address = address_of(name);
  // Full: it has been rung often enough. Nobody there: its naps will do.
  ::sendto(socket_.get(), "", 1, MSG_DONTWAIT | MSG_NOSIGNAL,
           reinterpret_cast<sockaddr const*>(&address.where), address.size);
}

}  // namespace godwit
