// Connection: the server's side of one client: bytes in, whole lines out of them, and answers queued
// until the client takes them. Non-blocking; memory is bounded by the longest line and by the answers to
// `pending_max` commands. Internal to this folder; the control thread's alone.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "edge/capsules/link/unique_fd.hpp"

namespace godwit::rpc {

class Connection {
 public:
  // A client that isn't authenticated may send one short line only.
  Connection(UniqueFd socket, std::string who, bool authenticated, Instant now);

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] std::string const& who() const { return who_; }
  [[nodiscard]] bool authenticated() const { return authenticated_; }
  void authenticate(std::string who);

  // One bounded read. False: the client has gone.
  [[nodiscard]] bool read();
  // The next whole line, if there is one.
  [[nodiscard]] std::optional<std::string> take_line();
  [[nodiscard]] bool line_too_long() const;

  // Queues a line and sends what the client takes now. False: the client has gone.
  [[nodiscard]] bool write(std::string line, Instant now);
  [[nodiscard]] bool flush(Instant now);
  [[nodiscard]] bool has_unsent() const { return !out_.empty(); }
  // Since when it hasn't taken anything although something is there; hasn't authenticated, or is being
  // closed.
  [[nodiscard]] std::optional<Instant> stalled_since() const;

  // Says no more than what is queued, and listens to nothing. The end of our side is told as soon as the
  // queue is empty; what the client still sends is thrown away until it goes too, or stalls: closing at
  // once would make TCP throw our last line away.
  void close_after_flush();
  [[nodiscard]] bool closing() const { return closing_; }

  // Commands taken and not yet answered. At the limit no more lines are read.
  static constexpr int pending_max = 64;
  int pending = 0;
  // What epoll was told last.
  std::uint32_t watched = 0;

 private:
  UniqueFd socket_;
  std::string who_;
  bool authenticated_;
  bool closing_ = false;
  std::string in_;
  std::size_t searched_ = 0;  // no newline in in_ before this
  bool told_end_ = false;
  std::deque<std::string> out_;
  std::size_t sent_ = 0;  // of out_.front()
  Instant progress_;
};

}  // namespace godwit::rpc
