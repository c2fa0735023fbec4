#include "edge/rpc/client.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>

#include "edge/capsules/link/unique_fd.hpp"
#include "edge/posix/identity.hpp"
#include "edge/rpc/codec.hpp"
#include "edge/rpc/socket.hpp"

namespace godwit::rpc {
namespace {

using Steady = std::chrono::steady_clock;
constexpr Duration connect_patience = 1s;
constexpr Duration authenticate_patience = 5s;
constexpr Duration look_again = 1s;  // whether another has taken over

Failure unreachable(std::filesystem::path const& store) {
  return peer_lost("unreachable",
                   fmt::format("no runtime is listening for {}: start one with 'godwit start --store {}'",
                               store.string(), store.string()));
}
Failure connection_lost(Access const& access) {
  return peer_lost(
      "connection_lost",
      fmt::format("the runtime (rank 0, pid {} on {}) ended before it answered", access.pid, access.node));
}

}  // namespace

struct Client::Link {
  std::filesystem::path store;
  UniqueFd socket;
  Access access;
  std::string received;  // bytes after the last whole line
  std::int64_t next_id = 1;

  // Sends one line; blocks while the runtime takes it.
  Status send(std::string line) {
    line += '\n';
    std::string_view left = line;
    while (!left.empty()) {
      auto const sent = ::send(socket.get(), left.data(), left.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return connection_lost(access);
      left.remove_prefix(static_cast<std::size_t>(sent));
    }
    return Done{};
  }

  // An allocator that was stopped keeps its socket, and answers nobody.
  [[nodiscard]] bool is_superseded() const {
    auto const now = read_access(store);
    return now && now->term > access.term;
  }

  // The next line, or retry_later "no_answer".
  Result<std::string> receive(std::optional<Steady::time_point> deadline) {
    for (std::size_t seen = 0;;) {
      if (auto const end = received.find('\n', seen); end != std::string::npos) {
        auto line = received.substr(0, end);
        received.erase(0, end + 1);
        return line;
      }
      seen = received.size();
      auto wait_ms = std::int64_t{look_again / 1ms};
      if (deadline) {
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Steady::now()).count();
        if (left <= 0) return retry_later("no_answer", "the runtime hasn't answered yet");
        wait_ms = std::min(left, wait_ms);
      }
      pollfd waiting{socket.get(), POLLIN, 0};
      if (::poll(&waiting, 1, static_cast<int>(wait_ms)) <= 0) {
        if (is_superseded()) return connection_lost(access);
        continue;
      }
      char piece[65536];
      auto const got = ::recv(socket.get(), piece, sizeof piece, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return connection_lost(access);
      received.append(piece, static_cast<std::size_t>(got));
    }
  }

  // The response to the request of this number; late ones to earlier requests are dropped.
  Result<Answer> response_to(std::int64_t id, std::optional<Duration> patience) {
    std::optional<Steady::time_point> deadline;
    if (patience) deadline = Steady::now() + *patience;
    for (;;) {
      auto line = receive(deadline);
      if (!line) return line.failure();
      auto response = decode_response(*line);
      if (!response) return response.failure();
      if (!response->id || *response->id == id) return std::move(response->answer);
    }
  }

  Status authenticate() {
    auto const id = next_id++;
    if (auto sent = send(encode_request(id, Authenticate{access.token, whoami()})); !sent) return sent;
    auto answer = response_to(id, authenticate_patience);
    if (!answer) return answer.failure();
    return Done{};
  }
};

Client::Client(std::unique_ptr<Link> link) : link_(std::move(link)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Result<Client> Client::connect(std::filesystem::path const& store) {
  auto access = read_access(store);
  if (!access) return access.failure().code == "unreachable" ? unreachable(store) : access.failure();
  auto link = std::make_unique<Link>();
  link->store = store;
  link->access = std::move(*access);
  bool const is_here = link->access.boot_id == boot_id();

  if (is_here) {
    if (auto socket = connect_unix(link->access.unix_socket); socket) {
      link->socket = std::move(*socket);
      return Client(std::move(link));
    }
  }
  std::optional<Failure> refusal;
  for (auto const& address : link->access.addresses) {
    // A token sent to this machine's own loopback would reach a stranger if rank 0 is elsewhere.
    if (is_loopback(address) && !is_here) continue;
    auto socket = connect_tcp(address, link->access.port, connect_patience);
    if (!socket) continue;
    link->socket = std::move(*socket);
    link->received.clear();
    auto const opened = link->authenticate();
    if (opened) return Client(std::move(link));
    if (opened.failure().reaction == Reaction::reject) refusal = opened.failure();
  }
  return refusal ? *refusal : unreachable(store);
}

Result<Answer> Client::ask(Command const& command, std::optional<Duration> patience) {
  auto const id = link_->next_id++;
  auto line = encode_request(id, command);
  if (!line) return line.failure();
  if (auto sent = link_->send(std::move(*line)); !sent) return sent.failure();
  return link_->response_to(id, patience);
}

Access const& Client::runtime() const {
  return link_->access;
}

bool is_unreachable(Failure const& failure) {
  return failure.code == "unreachable" || failure.code == "connection_lost";
}

}  // namespace godwit::rpc
