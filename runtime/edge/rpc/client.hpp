// Client: a user's side of the control socket. Blocking, for programs that ask and wait; links no MPI.
//
// connect() reads STORE/access.json, tries the Unix socket (if rank 0 runs on this node), then each TCP
// address in turn for a short time. One thread at a time; several clients may live side by side.
//
// A refusal of the allocator comes back as its own Failure. What went wrong between here and there has
// reaction peer_lost and one of the codes "unreachable" (nobody listens) or "connection_lost" (the
// runtime ended before it answered); is_unreachable() tells them from an allocator's own peer_lost.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "base/time.hpp"
#include "edge/rpc/access.hpp"
#include "message/command.hpp"

namespace godwit::rpc {

class Client {
 public:
  // "no runtime is listening for STORE: start one with 'godwit start --store STORE'", code "unreachable".
  static Result<Client> connect(std::filesystem::path const& store);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  // Sends the command and waits for its answer: Wait may take for ever. With a patience, gives up after
  // it with retry_later "no_answer"; the client stays usable. Never returns cmd::Refusal as an Answer.
  Result<Answer> ask(Command const& command, std::optional<Duration> patience = std::nullopt);

  // Whom it speaks with: term, node and pid of rank 0.
  [[nodiscard]] Access const& runtime() const;

 private:
  struct Link;
  explicit Client(std::unique_ptr<Link> link);
  std::unique_ptr<Link> link_;
};

[[nodiscard]] bool is_unreachable(Failure const& failure);

}  // namespace godwit::rpc
