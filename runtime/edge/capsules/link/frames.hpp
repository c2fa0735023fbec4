// Frames: messages on a stream socket, each a u32 little-endian length and that many bytes.
//
// A FrameReader holds only what has arrived, so its memory stays proportional to what the peer sent. A
// length over the limit is malformed. Each object: one thread.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

inline constexpr std::size_t frame_bytes_max = std::size_t{256} << 20;

class FrameReader {
 public:
  // Takes what the socket has now, at most some MiB, without waiting. False once the peer has closed it and
  // everything it sent is here. A connection that was reset counts as closed.
  bool fill(int socket);
  // The next whole frame, if it is here; data_lost if its length can't be right.
  [[nodiscard]] Result<std::optional<Bytes>> next();
  // Descriptors that have come along; a few at most, more are closed.
  [[nodiscard]] std::vector<UniqueFd> take_fds() { return std::exchange(fds_, {}); }

 private:
  Bytes buffer_;
  Bytes room_;  // for one read: made once
  std::size_t taken_ = 0;
  std::vector<UniqueFd> fds_;
};

// Frames on their way out of a non-blocking socket.
class FrameWriter {
 public:
  void push(Bytes const& frame);
  // Copies of these go with the next bytes that are sent; they must be open until then.
  void attach(std::vector<int> fds) { attached_ = std::move(fds); }
  // Sends as much as the socket takes now. False if the peer is gone.
  bool flush(int socket);
  [[nodiscard]] bool empty() const { return pending_.empty(); }

 private:
  Bytes pending_;
  std::size_t sent_ = 0;
  std::vector<int> attached_;
};

}  // namespace godwit
