// What this rank and the allocator say to each other where there are managers, and what it passes on for others.
#include <fmt/format.h>

#include "node/host_loop.hpp"

namespace godwit {

namespace {
constexpr RequestId manager_timer{0};  // the host's own are above
}

void HostLoop::fire(RequestId timer) {
  if (timer == manager_timer) return step(manager::Event{manager::TimerFired{}});
  step(host::TimerFired{timer});
}

void HostLoop::handle(Delivered&& delivered) {
  if (auto* const parcel = std::get_if<msg::Parcel>(&delivered.message)) {
    return handle(std::move(*parcel));
  }
  if (auto const* const room = std::get_if<msg::Room>(&delivered.message)) {
    return step(manager::Event{manager::Told{delivered.from, *room}});
  }
  step(host::Received{delivered.from, std::move(delivered.message), delivered.term});
}

// Another's parcel is passed on, whether or not this host is a manager by now. One of another term isn't in any order:
// nobody obeys it.
void HostLoop::handle(msg::Parcel&& parcel) {
  if (parcel.up) return step(manager::Event{manager::Carry{std::move(parcel)}});
  if (parcel.host != world.transport.self()) {
    auto const to = parcel.host;
    return send(to, std::move(parcel));
  }
  if (!line_ || parcel.term != line_->term()) {
    return obey(parcel.allocator, parcel.term, decode<Message>(parcel.message));
  }
  for (auto& message : line_->take(parcel)) obey(parcel.allocator, parcel.term, std::move(message));
}

void HostLoop::obey(Rank allocator, Term term, Result<Message>&& message) {
  if (!message) {
    return world.log.write({Level::severe, {}, {},
                            fmt::format("a message from rank {} was dropped: {}", allocator, message.failure().context)});
  }
  if (term == host_.term() && manager_.wants(*message)) {
    step(manager::Event{manager::Ordered{term, *message}});
    bool const for_host = std::holds_alternative<msg::Managed>(*message) || std::holds_alternative<msg::Quiesce>(*message);
    if (!for_host) return;
  }
  step(host::Received{allocator, std::move(*message), term});
}

void HostLoop::step(manager::Event const& event) {
  manager::Effects effects;
  manager_.step(world.clock.now(), event, effects);
  for (auto& effect : effects) {
    std::visit([this](auto& held) { carry_out(held); }, effect);
  }
}

void HostLoop::carry_out(host::Send& effect) {
  bool const numbered = line_ && effect.to == line_->allocator() && line_->term() == host_.term() &&
                        course_of(effect.message) == Course::to_allocator;
  numbered ? say(effect.message) : send(effect.to, effect.message);
}

void HostLoop::say(Message const& message) {
  if (line_) send_up(line_->wrap(message));
}

void HostLoop::send_up(msg::Parcel&& parcel) {
  if (line_->via() == world.transport.self()) return step(manager::Event{manager::Carry{std::move(parcel)}});
  send(line_->via() == no_rank ? parcel.allocator : line_->via(), std::move(parcel));
}

void HostLoop::carry_out(host::OpenChannel& effect) {
  step(manager::Event{manager::Deposed{}});
  line_.emplace(world.transport.self(), effect.allocator, effect.term, true);
}

void HostLoop::carry_out(host::RouteVia& effect) {
  if (!line_) return;
  for (auto& parcel : line_->route(effect.manager)) send_up(std::move(parcel));
}

void HostLoop::carry_out(manager::Pass& effect) {
  auto const to = effect.parcel.allocator;
  send(to, std::move(effect.parcel));
}

void HostLoop::carry_out(manager::Arm& effect) {
  timers.arm(manager_timer, effect.at);
}

}  // namespace godwit
