#include "node/post.hpp"

#include <fmt/format.h>

#include "base/fault_point.hpp"

namespace godwit {

std::optional<Incoming> Post::next() {
  if (incoming_.empty()) return std::nullopt;
  auto first = std::move(incoming_.front());
  incoming_.pop_front();
  if (auto const* const delivered = std::get_if<Delivered>(&first)) fault_point("hear", name_of(delivered->message));
  if (auto const* const died = std::get_if<PeerDied>(&first)) transport_.drop(died->peer);
  return first;
}

void Post::on(FrameReceived event) {
  FrameParts parts(event.frame);
  for (;;) {
    auto message = parts.next();
    if (!message) {
      return log_.write({Level::severe,
                         {},
                         {},
                         fmt::format("a message from rank {} was dropped: {}", event.from, message.failure().context)});
    }
    if (!*message) return;
    incoming_.emplace_back(Delivered{event.from, parts.term(), **std::move(message)});
  }
}

void Post::send(Rank to, Message const& message, Term term) {
  fault_point("send", name_of(message));
  if (to == transport_.self()) {
    incoming_.emplace_back(Delivered{to, term, message});
    return;
  }
  auto& frame = outgoing_[to];
  if (!frame.empty() && frame.term() != term) transport_.send(to, frame.take());
  frame.add(message, term);
  if (frame.size() > frame_bytes_enough) transport_.send(to, frame.take());
}

bool Post::send_outgoing() {
  bool any = false;
  for (auto& [to, frame] : outgoing_) {
    if (frame.empty()) continue;
    transport_.send(to, frame.take());
    any = true;
  }
  return any;
}

}  // namespace godwit
