#include "host/host.hpp"

#include <fmt/format.h>

#include "host/core.hpp"
#include "message/codec.hpp"

namespace godwit::host {

Host::Host(Rank self, Settings settings) : core_(std::make_unique<Core>(self, std::move(settings))) {}
Host::~Host() = default;

void Host::step(Instant now, Event const& event, Effects& effects) {
  core_->step(now, event, effects);
}

Term Host::term() const {
  return core_->ballot.term();
}

Host::Backlog Host::backlog() const {
  return {core_->reports.unconfirmed().size(), core_->queue.size()};
}

void Host::Core::step(Instant at, Event const& event, Effects& effects) {
  if (left) return;
  now = at;
  out = &effects;
  std::visit([this](auto const& held) { on(held); }, event);
  start_queued();
  if (quiescing) quiesced_if_done();
  tell_room();
  out = nullptr;
}

void Host::Core::on(Received const& event) {
  if (course_of(event.message) == Course::from_allocator) {
    if (!obeys(event.from, event.term)) return;
  } else {
    newest_heard = std::max(newest_heard, event.term);
  }
  std::visit([this, &event](auto const& message) { on(event.from, message); }, event.message);
}

// To an allocator that was beside this host, and isn't any more: whoever leads now hears it again.
void Host::Core::misdirected(Rank from) {
  if (was_elected) return;
  note(Level::warning, {}, {}, fmt::format("rank {} sent a message that is meant for the allocator", from));
}

void Host::Core::on(CapsuleEvent const& event) {
  std::visit(
      [this](auto const& held_event) {
        auto* const held = by_capsule(held_event.capsule);
        // Released: an event that was under way when its capsule was killed.
        if (held == nullptr && no_arena_for_copy(held_event.capsule)) return;
        if (held != nullptr && held->phase != Holding::Phase::released) on(*held, held_event);
      },
      event);
}

void Host::Core::on(StoreEvent const& event) {
  std::visit([this](auto const& held) { on(held); }, event);
}

void Host::Core::on(RoundEvent const& event) {
  std::visit([this](auto const& one) { on(one); }, event);
}

void Host::Core::on(TimerFired const& event) {
  auto const at = timers.find(event.timer);
  if (at == timers.end()) return;
  auto const timer = at->second;
  timers.erase(at);
  auto* const held = by_capsule(timer.capsule);
  switch (timer.kind) {
    case TimerKind::beat:
      beat_timer = arm(heartbeat_every, TimerKind::beat);
      if (beat_outstanding || beat_wanted) return;
      beat_wanted = true;
      return emit(ReadLoad{});
    case TimerKind::succession:
      return succession_due();
    case TimerKind::orphan:
      return abandon_world();
    case TimerKind::probe:
      return refused();
    case TimerKind::quiesce:
      return quiesce_patience();
    case TimerKind::departure:
      return held != nullptr ? departure_patience(*held) : void();
    case TimerKind::checkpoint:
      return held != nullptr ? checkpoint_patience(*held) : void();
    case TimerKind::interval:
      return held != nullptr ? interval_due(*held) : void();
    case TimerKind::copy:
      return held != nullptr ? copy_due(*held) : void();
    case TimerKind::adoption:
      return held != nullptr ? adoption_patience(*held) : void();
    case TimerKind::reading:
      return held != nullptr && held->phase == Holding::Phase::preparing ? verify_images(*held) : void();
    case TimerKind::limits:
      if (held == nullptr) return;
      held->limits_timer.reset();
      return emit(ReadLoad{});  // and then it is looked at
  }
}

void Host::Core::on(PeerDied const& event) {
  note(Level::warning, {}, {}, fmt::format("rank {} has died", event.peer));
  dead.emplace(event.peer, now);
  expect_succession();
  if (probing && probing->asked == event.peer) refused();
  source_died(event.peer);
  keeper_is_gone(event.peer, true);
  if (event.peer == partner) forget_partner(partner, true);
  for (auto const capsule : all_capsules()) {
    auto* const held = by_capsule(capsule);
    if (held == nullptr) continue;
    if (held->leaving && held->leaving->departure.target() == event.peer) {
      if (held->phase == Holding::Phase::released) continue;  // handed over, and still being written or sent
      auto const why = peer_lost("peer_died", fmt::format("host {} died before job {} was handed over; "
                                                          "the job goes on here",
                                                          event.peer, held->job));
      if (held->superseded) {  // it came back since: no Accepted is owed any more
        release(*held, !held->died);
        continue;
      }
      // After the commit frame only the allocator can say that the target is fenced.
      if (held->leaving->departure.abandon()) stay(*held, why, false);
    } else if (held->arrival && held->arrival->source() == event.peer) {
      held->round_may_come = false;
      if (held->phase == Holding::Phase::released) {
        forget_if_unused(*held);
      } else if (held->arrival->phase() < custody::Arrival::Phase::restoring) {
        refuse(*held, peer_lost("peer_died",
                                fmt::format("host {} died while it sent job {}", event.peer, held->job)));
      }
    }
  }
}

}  // namespace godwit::host
