#include <fmt/format.h>

#include <algorithm>

#include "base/mutation.hpp"
#include "host/core.hpp"

namespace godwit::host {

void Host::Core::on(Rank, msg::StartJob const& message) {
  if (auto* const held = newest_of(message.job);
      held != nullptr && held->epoch >= message.epoch && !mutated(Mutation::obey_old_start)) {
    // Answered with what is here, never obeyed. One that is still being prepared answers by itself.
    if (held->is_live()) report(held->started);
    return;
  }
  if (auto const waits = queue.epoch_of(message.job); waits && *waits >= message.epoch) return;
  if (quiescing) {
    return note(Level::info, message.job, message.epoch, "not started: the runtime is stopping");
  }
  supersede(message.job, message.epoch, false);
  queue.drop(message.job);
  if (!identities.ever(message.spec.resources)) {
    return report(
        msg::JobEnded{message.job, message.epoch, {Ending::failed, lacks(message.spec.resources), {}, 0}});
  }
  queue.put(message);  // started at the end of this step if there is room
}

std::string Host::Core::lacks(std::map<std::string, std::int32_t> const& resources) const {
  std::string wanted;
  for (auto const& [name, count] : resources)
    wanted += fmt::format("{}{}={}", wanted.empty() ? "" : " ", name, count);
  return fmt::format("host {} doesn't have what the job wants of it: {}", self, wanted);
}

void Host::Core::begin_start(msg::StartJob const& message) {
  if (auto* const copy = own_copy_for(message)) return adopt(message, *copy);
  auto& held = hold_start(message);
  if (held.starting.copy) return;
  held.starting.reading_since = now;
  if (!held.starting.afresh) verify_images(held);
}

Holding& Host::Core::hold_start(msg::StartJob const& message, Kept const* copy) {
  bool const elsewhere = message.copy && message.copy->keeper != self && !dead.contains(message.copy->keeper) &&
                         !lost.contains(message.copy->keeper);
  bool const from_copy = copy != nullptr || elsewhere;
  auto& held = hold(message, copy, from_copy);
  held.starting.images = message.images;
  held.starting.afresh = message.images.empty() && !from_copy;
  if (elsewhere) held.starting.copy = FromCopy{.keeper = message.copy->keeper, .of = message.copy->epoch};
  held.starting.fresh_files = message.fresh_files;
  for (auto const& image : message.images) {
    if (is_own(held.job, image)) held.last_generation = std::max(held.last_generation, image.generation);
  }
  return held;
}

// No output is opened, let alone emptied, before the allocator says that no other job has it.
void Host::Core::on(Holding& held, capsule::Prepared const& event) {
  held.outputs = event.outputs;
  if (held.phase == Holding::Phase::preparing) {
    held.starting.prepared = true;
    held.starting.at_once = held.starting.afresh && event.outputs.empty();
    held.starting.told = held.starting.at_once;
    if (quiescing && !held.starting.told) return quiesce(held);
    if (!event.outputs.empty() && !mutated(Mutation::begin_unclaimed)) {
      held.starting.claiming = true;
      return tell(msg::ClaimOutputs{held.job, held.epoch, event.outputs});
    }
    go_on_starting(held);
  } else if (held.arrival && held.arrival->prepared()) {
    held.round_may_come = true;
    auto const& arrival = *held.arrival;
    send(arrival.source(),
         msg::ArrivalReady{held.job, arrival.source_epoch(), arrival.target_epoch(), arrival.thaw_epoch()});
  }
}

void Host::Core::on(Rank, msg::OutputsClaimed const& message) {
  auto* const held = newest_of(message.job);
  if (held == nullptr || held->epoch != message.epoch || held->phase != Holding::Phase::preparing) return;
  // A new allocator is told all that is claimed here, also where a former one had granted it.
  bool const awaited = std::exchange(held->starting.claiming, false);
  if (!awaited && !mutated(Mutation::start_what_has_started)) return;
  if (message.refusal) return fail_start(*held, message.refusal->context, true);
  go_on_starting(*held);
}

// Once the capsule is prepared, its outputs are its own and, where there are images, one is verified.
void Host::Core::go_on_starting(Holding& held) {
  auto& starting = held.starting;
  if (!starting.prepared || starting.claiming) return;
  if (starting.afresh) {
    starting.told = true;
    if (!starting.at_once) emit(StartCapsule{held.capsule, held.epoch});
    return;
  }
  if (starting.copy) return take_copy(held);
  if (!starting.chosen || starting.asked) return;
  starting.asked = ask(held);
  ++held.pins;
  emit(LoadImage{*starting.asked, *starting.chosen, held.capsule, starting.arena_bytes});
}

void Host::Core::fail_start(Holding& held, std::string reason, bool kill, Ending ending) {
  end_job(held, Outcome{ending, std::move(reason), {}, 0}, kill);
}

void Host::Core::become_live(Holding& held, capsule::Running const& event) {
  held.phase = Holding::Phase::live;
  held.suspended = event.suspended;
  held.report.steps = event.steps;
  held.started = {held.job,    held.epoch,      held.starting.chosen,
                  event.steps, event.suspended, std::move(held.starting.set_aside),
                  held.starting.copy ? held.starting.copy->keeper : no_rank};
  if (held.starting.chosen && is_own(held.job, *held.starting.chosen)) held.newest = held.starting.chosen;
  if (held.starting.copy) disarm(held.starting.copy->patience);
  held.starting = {};
  watch_limits(held);
  if (held.spec.checkpoint_partner) copy_later(held);
  if (held.interval.wanted()) {
    auto const rest = held.interval.next(now) - now - held.interval_age;
    held.interval_timer = arm(std::max(rest, Duration{0}), TimerKind::interval, held.capsule);
    held.interval_began = now + (-held.interval_age);
  }
}

void Host::Core::on(Holding& held, capsule::Running const& event) {
  switch (held.phase) {
    case Holding::Phase::preparing:
      become_live(held, event);
      note(Level::info, held.job, held.epoch,
           held.started.copy_of != no_rank ? fmt::format("goes on from its copy in the memory of host {} at step {}",
                                                         held.started.copy_of, event.steps)
           : held.started.from ? fmt::format("goes on from {} at step {}", held.started.from->path, event.steps)
                               : std::string("started"));
      report(held.started);
      if (quiescing) quiesce(held);
      return;
    case Holding::Phase::arriving:
      return accept(held, event);
    case Holding::Phase::live:
      held.suspended = event.suspended;
      if (held.thaws_unanswered > 0) --held.thaws_unanswered;
      return;
    case Holding::Phase::released:
      return;
  }
}

void Host::Core::on(Holding& held, capsule::Failed const& event) {
  if (held.phase == Holding::Phase::arriving) return refuse(held, event.why, false);
  if (held.is_live()) return end_job(held, {Ending::crashed, event.why.context, {}, held.report.steps});
  if (held.starting.copy) return go_on_without_copy(held, event.why);
  if (held.starting.chosen && event.why.reaction == Reaction::data_lost) return next_image(held, event.why);  // an output is too short for it
  fail_start(held, event.why.context, false);
}

void Host::Core::on(Holding& held, capsule::Ended const& event) {
  if (held.phase == Holding::Phase::arriving) {  // restored, and done before it could say that it runs
    if (held.arrival->phase() != custody::Arrival::Phase::restoring) {
      return refuse(held, reject("ended_early", "the capsule ended before the job had arrived"), false);
    }
    accept(held, {held.capsule, event.outcome.steps, false});
  }
  end_job(held, event.outcome);
}

void Host::Core::on(Holding& held, capsule::Died const& event) {
  if (held.phase == Holding::Phase::arriving) {
    return refuse(
        held,
        peer_lost("capsule_died", fmt::format("its capsule at host {} died: {}", self, event.outcome.reason)),
        false);
  }
  // Its frozen image lies in the arena still: the move goes on, and decides.
  if (held.leaving && !held.waits_to_leave()) {
    held.died = event.outcome;
    return;
  }
  end_job(held, event.outcome);
}

void Host::Core::end_job(Holding& held, Outcome outcome, bool kill) {
  static constexpr char const* endings[] = {"finished", "failed", "cancelled", "crashed"};
  auto const level = outcome.ending == Ending::finished || outcome.ending == Ending::cancelled
                         ? Level::info
                         : Level::warning;
  auto const* const ending = endings[static_cast<std::size_t>(outcome.ending)];
  note(level, held.job, held.epoch,
       outcome.reason.empty() ? std::string(ending) : fmt::format("{}: {}", ending, outcome.reason));
  if (held.leaving && held.leaving->departure.is_open() && !mutated(Mutation::no_last_word)) {
    auto const& departure = held.leaving->departure;
    send(departure.target(),
         msg::AbandonMove{
             held.job, departure.target_epoch(), departure.thaw_epoch(), false,
             reject("job_ended", fmt::format("job {} ended before it was handed over", held.job)),
             true});
  }
  if (outcome.ending == Ending::crashed) {  // its copy may be newer than its newest checkpoint
    disarm(held.copying.timer);
    held.copying = {};
  }
  report(msg::JobEnded{held.job, held.epoch, std::move(outcome)});
  release(held, kill);
}

}  // namespace godwit::host
