#include <fmt/format.h>

#include "host/core.hpp"

namespace godwit::host {

void Host::Core::on(Rank, msg::Quiesce const&) {
  if (quiescing) return;
  quiescing = true;
  end_round();
  quiesce_timer = arm(settings.safe_point_patience, TimerKind::quiesce);
  if (!queue.empty()) {
    note(Level::info, {}, {},
         fmt::format("{} jobs that waited for their turn were not started: the runtime is stopping", queue.size()));
    queue.clear();
  }
  for (auto const capsule : all_capsules()) {
    if (auto* const held = by_capsule(capsule)) quiesce(*held);
  }
}

// Frozen, written, released. A move that is past the freeze is let go on: its outcome decides where
// the last image is taken.
void Host::Core::quiesce(Holding& held) {
  switch (held.phase) {
    case Holding::Phase::preparing:
      if (held.may_have_started()) return;  // saved when it has said that it runs
      note(Level::info, held.job, held.epoch, "not started: the runtime is stopping");
      return release(held);
    case Holding::Phase::arriving:
      if (held.arrival->phase() >= custody::Arrival::Phase::restoring) return;
      return refuse(held, retry_later("stopping", "the runtime is stopping"));
    case Holding::Phase::released:
      return;
    case Holding::Phase::live:
      break;
  }
  held.saving.last = true;
  disarm(held.interval_timer);
  if (held.waits_to_leave()) return withdraw(held, retry_later("stopping", "the runtime is stopping"));
  settle(held);
}

void Host::Core::lose(Holding& held, Failure why) {
  note(Level::severe, held.job, held.epoch, fmt::format("its last image was not written: {}", why.context));
  for (auto const request : std::exchange(held.saving.requests, {})) done(request, held.job, why);
  unsaved.emplace_back(held.job, std::move(why));
  release(held, !held.died);
}

void Host::Core::quiesce_patience() {
  for (auto const capsule : all_capsules()) {
    auto* const held = by_capsule(capsule);
    if (held == nullptr) continue;
    if (held->phase == Holding::Phase::arriving) {
      refuse(*held, retry_later("stopping", "the runtime is stopping"));
    } else if (held->may_have_started()) {
      lose(*held, retry_later("not_started", fmt::format("job {} was started, and its first step can't begin yet: "
                                                         "it starts again in the next runtime",
                                                         held->job)));
    } else if (held->is_live() && held->halt == Holding::Halt::asked) {
      lose(*held, no_safe_point(*held));
    } else if (held->is_live() && held->leaving && held->leaving->departure.abandon()) {
      stay(*held,
           peer_lost("no_answer", fmt::format("host {} hasn't taken the pages of job {}",
                                              held->leaving->departure.target(), held->job)),
           true);
    } else if (held->is_committed()) {
      lose(*held,
           peer_lost("no_answer", fmt::format("host {} was sent job {} and hasn't said whether it runs there",
                                              held->leaving->departure.target(), held->job)));
    }
  }
  quiesce_timer = arm(settings.safe_point_patience, TimerKind::quiesce);  // for those still being written
}

void Host::Core::quiesced_if_done() {
  if (quiesced || !writings.empty()) return;
  for (auto const& [capsule, held] : holdings) {
    if (held.phase != Holding::Phase::released) return;
  }
  quiesced = true;
  disarm(quiesce_timer);
  if (counted_out) return leave(exit_counted_out);
  tell(msg::Quiesced{unsaved});
}

// With what it has saved, as if the runtime were stopping: until the job is granted to another, that counts.
void Host::Core::on(CountedOut const&) {
  counted_out = true;
  if (quiesced) return leave(exit_counted_out);
  on(self, msg::Quiesce{});
}

void Host::Core::on(Rank, msg::Leave const&) {
  leave(0);
}

void Host::Core::leave(int code) {
  if (left) return;
  for (auto const& [capsule, held] : holdings) {
    if (held.phase != Holding::Phase::released) emit(KillCapsule{capsule});
  }
  left = true;
  emit(Exit{code});
}

}  // namespace godwit::host
