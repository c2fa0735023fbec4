// Post: this rank's mail, private to this folder. Frames go in and out through the transport; what the two state
// machines of one rank say to each other never leaves it. One thread.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <variant>

#include "message/codec.hpp"
#include "port/transport.hpp"
#include "port/world.hpp"

namespace godwit {

struct Delivered {
  Rank from;
  Term term;
  Message message;
};
using Incoming = std::variant<Delivered, PagesSent, PagesReceived, PeerDied>;

inline constexpr std::size_t frame_bytes_enough = 64 << 10;  // what exceeds it leaves at once

class Post final : private TransportEvents {
 public:
  Post(Transport& transport, Log& log) : transport_(transport), log_(log) {}

  bool poll() { return transport_.poll(*this); }  // true: something is in flight
  std::optional<Incoming> next();                 // of what has come in, in order
  [[nodiscard]] bool any() const { return !incoming_.empty(); }

  // In this turn's frame to that rank; `term`: what the sender knows.
  void send(Rank to, Message const& message, Term term);
  bool send_outgoing();  // true: there was something

 private:
  void on(FrameReceived event) override;
  void on(PagesSent event) override { incoming_.emplace_back(event); }
  void on(PagesReceived event) override { incoming_.emplace_back(event); }
  void on(PeerDied event) override { incoming_.emplace_back(event); }

  Transport& transport_;
  Log& log_;
  std::map<Rank, FrameBuilder> outgoing_;  // of this turn
  std::deque<Incoming> incoming_;          // handlers may use the transport: not from within its poll()
};

}  // namespace godwit
