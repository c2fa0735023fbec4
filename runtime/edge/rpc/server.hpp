// ControlServer: the port Control on a Unix socket and a TCP port.
//
// A thread of its own accepts, reads, parses and writes, so that neither a slow nor a hostile client,
// nor a long listing, costs the loop thread more than a mailbox. On the Unix socket a client's user must
// be ours or root; on TCP its first line must bring the token. Where to find both is published in
// STORE/access.json (access.hpp) and taken back by the destructor.
//
// poll(), answer(), flushed(): one thread, the loop's. Clients are bounded in number, lines in length,
// commands under way per client in number; a client that takes no answer for 10 s is dropped.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "edge/rpc/access.hpp"
#include "port/control.hpp"

namespace godwit::rpc {

class ControlServer final : public Control {
 public:
  struct Settings {
    std::filesystem::path store;
    Term term;
    std::string listen;  // numeric address for TCP; empty: all
    int clients_max = 256;
    Duration stall_patience{10s};
  };

  static Result<std::unique_ptr<ControlServer>> open(Settings settings);
  ~ControlServer() override;
  ControlServer(ControlServer const&) = delete;
  ControlServer& operator=(ControlServer const&) = delete;

  [[nodiscard]] int wait_fd() const;  // readable when poll() has something
  [[nodiscard]] Access const& access() const;

  std::vector<CommandReceived> poll() override;
  void answer(CommandId id, Answer answer) override;
  [[nodiscard]] bool flushed() const override;

 private:
  struct Core;
  explicit ControlServer(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace godwit::rpc
