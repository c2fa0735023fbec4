#include "node/loop.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "message/codec.hpp"

namespace godwit {

namespace {
// A peer that is stopped never takes its last message: don't wait for it for ever.
constexpr Duration leave_patience = 5s;
constexpr std::size_t frame_bytes_enough = 64 << 10;
}  // namespace

Node::Turn Loop::turn() {
  bool const in_flight = world.transport.poll(*this);
  bool happened = !incoming_.empty();
  while (!incoming_.empty()) {
    auto const event = std::move(incoming_.front());
    incoming_.pop_front();
    std::visit([this](auto const& held) { take_in(held); }, event);
  }
  happened = poll_ports() || happened;
  auto const now = world.clock.now();
  while (auto const timer = timers.take_due(now)) {
    fire(*timer);
    happened = true;
  }
  happened = send_outgoing() || happened;
  Node::Turn turned{in_flight || happened || urgent(now), happened, timers.next(), {}};
  if (exit_code_) {
    bool const left = !in_flight && !happened && idle();
    if (left || now >= leave_by_) turned.exit_code = exit_code_;
    turned.next_timer = turned.next_timer == Instant{} ? leave_by_ : std::min(turned.next_timer, leave_by_);
  }
  return turned;
}

void Loop::take_in(FrameReceived const& event) {
  FrameParts parts(event.frame);
  for (;;) {
    auto message = parts.next();
    if (!message) {
      return note(Level::severe,
                  fmt::format("a message from rank {} was dropped: {}", event.from, message.failure().context));
    }
    if (!*message) return;
    handle(event.from, parts.term(), **std::move(message));
  }
}

void Loop::take_in(PeerDied const& event) {
  world.transport.drop(event.peer);
  handle(event);
}

void Loop::send(Rank to, Message const& message) {
  auto& frame = outgoing_[to];
  if (!frame.empty() && frame.term() != term()) world.transport.send(to, frame.take());
  frame.add(message, term());
  if (frame.size() > frame_bytes_enough) world.transport.send(to, frame.take());
}

bool Loop::send_outgoing() {
  bool any = false;
  for (auto& [to, frame] : outgoing_) {
    if (frame.empty()) continue;
    world.transport.send(to, frame.take());
    any = true;
  }
  return any;
}

void Loop::leave(int code) {
  if (exit_code_) return;
  exit_code_ = code;
  leave_by_ = world.clock.now() + leave_patience;
}

void Loop::note(Level level, std::string text) {
  world.log.write(Note{level, {}, {}, std::move(text)});
}

}  // namespace godwit
