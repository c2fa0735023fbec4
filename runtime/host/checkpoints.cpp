#include <fmt/format.h>

#include "base/figures.hpp"
#include "base/mutation.hpp"
#include "host/core.hpp"

namespace godwit::host {

void Host::Core::on(Rank, msg::CheckpointJob const& message) {
  auto* const held = live_at(message.job, message.epoch);
  if (held == nullptr) {
    return done(message.request, message.job,
                retry_later("not_here", fmt::format("job {} is not at host {} any more", message.job, self)));
  }
  held->saving.requests.push_back(message.request);
  want_image(*held);
}

// Staging memory is touched first, while the job runs. One image is written at a time: who asks
// meanwhile shares the next one.
void Host::Core::want_image(Holding& held) {
  auto& saving = held.saving;
  if (saving.reserving || saving.writing) return;
  if (!saving.reserved && !saving.last && held.halt == Holding::Halt::none && held.report.arena_bytes > 0) {
    saving.reserving = ask(held);
    return emit(ReserveStaging{*saving.reserving, held.report.arena_bytes});
  }
  saving.reserved = true;
  settle(held);
}

void Host::Core::on(stored::Reserved const& event) {
  auto* const held = answered(event.request);
  if (held == nullptr || held->saving.reserving != event.request) return;
  held->saving.reserving.reset();
  held->saving.reserved = true;
  settle(*held);
}

void Host::Core::write_image(Holding& held) {
  auto& saving = held.saving;
  held.last_generation = held.last_generation.next();
  auto const request = new_request();
  saving.staging = saving.writing = request;
  saving.reserved = false;
  saving.current = true;
  disarm(saving.patience);
  held.changed = false;
  writings.emplace(
      request, Writing{held.job, held.epoch, held.capsule, held.last_generation, held.frozen->at, Duration{0},
                       false, std::exchange(saving.due, false), std::exchange(saving.requests, {})});
  ++held.pins;
  CheckpointLabel label{held.job,  held.epoch, held.last_generation, held.newest,
                        held.spec, self,       settings.node, held.clone_of};
  emit(WriteCheckpoint{request, held.capsule, std::move(label), held.frozen->manifest,
                       held.frozen->arena_bytes});
}

void Host::Core::on(stored::Staged const& event) {
  if (auto const at = writings.find(event.request); at != writings.end()) staged(event.request, at->second);
}

void Host::Core::staged(RequestId request, Writing& writing) {
  if (writing.staged) return;
  writing.staged = true;
  writing.stopped = now - writing.frozen_at;
  auto& held = holdings.at(writing.capsule);
  if (held.phase == Holding::Phase::released) return unpin(held);
  --held.pins;
  if (held.saving.staging == request) held.saving.staging.reset();
  settle(held);
}

void Host::Core::on(stored::Written const& event) {
  auto const at = writings.find(event.request);
  if (at == writings.end()) return;
  staged(event.request, at->second);  // a write that failed early never said so
  auto const writing = std::move(at->second);
  writings.erase(at);
  tell(writing, event, now - writing.frozen_at);

  auto* const held = by_capsule(writing.capsule);
  if (held == nullptr || !held->is_live() || held->saving.writing != event.request) return;
  held->saving.writing.reset();
  if (event.image) {
    held->newest = *event.image;
    held->checkpoint_cost = writing.stopped;
    held->interval.measured(writing.stopped);
  } else {
    held->changed = true;
    if (mutated(Mutation::reuse_a_failed_generation)) held->last_generation = Generation{writing.generation.value - 1};
    bool const leaves = held->leaving && held->leaving->departure.is_open();
    if (held->saving.last && held->saving.current && !leaves) return lose(*held, event.image.failure());
    held->saving.current = false;
    if (held->saving.parking) go_on_here(*held, event.image.failure());
  }
  if (writing.due) {
    event.image ? held->interval.succeeded() : held->interval.failed();
    disarm(held->interval_timer);
    begin_interval(*held);
  }
  if (held->saving.wanted()) want_image(*held);
}

void Host::Core::tell(Writing const& writing, stored::Written const& event, Duration durable) {
  if (!event.image && !mutated(Mutation::report_a_failed_write)) {
    auto const& why = event.image.failure();
    note(Level::severe, writing.job, writing.epoch, fmt::format("checkpoint failed: {}", why.context));
    for (auto const request : writing.requests) done(request, writing.job, why);
    if (writing.due) tell(msg::Trouble{writing.job, why});
    return;
  }
  auto const image = event.image ? *event.image : msg::ImageName{writing.epoch, writing.generation, {}};
  msg::Checkpointed checkpointed{
      writing.job, writing.epoch, image, {event.bytes, writing.stopped, durable}, {}};
  note(Level::info, writing.job, writing.epoch,
       fmt::format("generation {}: {}, stopped {}", writing.generation, spell_bytes(event.bytes),
                   spell_duration(writing.stopped)));
  if (writing.requests.empty()) report(checkpointed);
  for (auto const request : writing.requests) {
    checkpointed.request = request;
    report(checkpointed);
  }
}

void Host::Core::begin_interval(Holding& held) {
  held.interval_timer = arm(held.interval.next(now) - now, TimerKind::interval, held.capsule);
  held.interval_began = now;
}

// One that is due, and not being taken, is due at once where the job goes.
Duration Host::Core::age_of_interval(Holding const& held) const {
  if (!held.interval.wanted()) return Duration{0};
  return held.saving.due ? held.interval.next(now) - now : now - held.interval_began;
}

void Host::Core::interval_due(Holding& held) {
  begin_interval(held);
  auto const& saving = held.saving;
  if (!held.is_live() || held.superseded || held.is_committed() || quiescing) return;
  if (saving.wanted() || saving.writing || saving.reserving) return;  // one is under way
  if (stands_still(held) && !held.changed) return;                    // nothing new since the last
  held.saving.due = true;
  want_image(held);
}

void Host::Core::checkpoint_patience(Holding& held) {
  held.saving.patience.reset();
  if (held.halt != Holding::Halt::asked) return;
  auto const why = no_safe_point(held);
  for (auto const request : std::exchange(held.saving.requests, {})) done(request, held.job, why);
  if (held.saving.parking) go_on_here(held, why);
  settle(held);
}

}  // namespace godwit::host
