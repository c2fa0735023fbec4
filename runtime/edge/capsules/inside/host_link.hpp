// HostLink: the capsule's end of the socket to its host. Reports are sent whole before flush() returns.
// Once the host is gone every call says so, and the capsule is to end. One thread.
#pragma once

#include <optional>

#include "base/time.hpp"
#include "edge/capsules/link/frames.hpp"
#include "edge/capsules/link/unique_fd.hpp"
#include "edge/capsules/link/wire.hpp"

namespace godwit::inside {

class HostLink {
 public:
  explicit HostLink(UniqueFd socket) : socket_(std::move(socket)) {}

  // False if the report is too large to be sent.
  bool push(capsule_wire::Report const& report);
  // At once, with copies of these descriptors. False if the host is gone.
  bool send(capsule_wire::Report const& report, std::vector<int> fds);
  [[nodiscard]] bool pending() const { return !writer_.empty(); }
  // Sends what was pushed. False if the host is gone.
  bool flush();
  // Takes what has arrived, without waiting; false once the host is gone or speaks nonsense.
  bool receive();
  [[nodiscard]] std::optional<capsule_wire::Command> next();
  // Until something arrives, or this long; for ever if not given.
  void wait(std::optional<Duration> at_most);

 private:
  UniqueFd socket_;
  FrameReader reader_;
  FrameWriter writer_;
  bool broken_ = false;
};

}  // namespace godwit::inside
