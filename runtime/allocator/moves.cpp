// Moves: from the intent to the answer. docs/protocol.md, "Moving a job", has the picture.
#include <fmt/format.h>

#include "allocator/core.hpp"
#include "base/figures.hpp"
#include "base/mutation.hpp"

namespace godwit::allocator {

std::optional<Rank> Allocator::Core::best_target(Rank source) const {
  std::vector<policy::HostLoad> loads;
  for (auto const& [rank, host] : hosts) {
    if (host.presence != Presence::alive) continue;
    loads.push_back({rank, host.hello.has.cores, static_cast<std::int32_t>(host.occupants.size())});
  }
  return policy::place_move(loads, source);
}

void Allocator::Core::begin_move(JobRecord const& record, Operation const& operation) {
  auto const target = operation.target ? operation.target : best_target(record.host);
  if (!target) {
    cmd::Act act;
    act.job = record.job;
    act.failure = retry_later("no_host", fmt::format("no host other than {} is alive", record.host));
    return answer(operation.asked, std::move(act));
  }
  auto const target_epoch = record.newest_epoch.next();
  auto const thaw_epoch = target_epoch.next();
  journal(log::Intent{record.job, record.host, *target, target_epoch, thaw_epoch, wall});
  reseat(record.job);
  auto& desk = desks[record.job];
  desk.open = operation;
  desk.patient_since = now;
  desk.pressed = false;
  auto const* report = report_of(record.job);
  note(Level::info, record.job, record.epoch,
       fmt::format("{} is to move {} → {}", called(record), record.host, *target));
  send(*target, msg::PrepareArrival{record.job, record.host, record.epoch, target_epoch, thaw_epoch,
                                    record.spec, report != nullptr ? report->arena_bytes : 0,
                                    record.clone_of});
}

// The desk whose open operation is this very move; null if the message is of old.
Desk* Allocator::Core::desk_of_move(JobId job, Epoch target_epoch) {
  auto const* record = record_of(job);
  if (record == nullptr || !record->intent || record->intent->target_epoch != target_epoch) return nullptr;
  return &desks.at(job);
}

void Allocator::Core::hear(Rank from, msg::Accepted const& message) {
  auto* desk = desk_of_move(message.job, message.target_epoch);
  auto const* record = record_of(message.job);
  bool const its_own = desk != nullptr && (record->intent->target == from || mutated(Mutation::believe_any_accept));
  if (!its_own) {
    return note(Level::warning, message.job, message.target_epoch,
                fmt::format("Accepted from host {} is of old: dropped", from));
  }
  auto& report = keep_report(message.job);
  report.job = message.job;
  report.epoch = message.target_epoch;
  report.steps = message.steps;
  moved(*record);
  if (auto const* now_at = record_of(message.job)) keep_word(*now_at, message.suspended);
}

void Allocator::Core::hear(Rank from, msg::Departed const& message) {
  if (auto const at = departures.find({message.job, message.target_epoch});
      at != departures.end() && at->second.source == from) {
    auto const awaited = at->second;
    departures.erase(at);
    return answer_move(awaited.asked, message.job, awaited.source, awaited.target, message.figures);
  }
  auto* desk = desk_of_move(message.job, message.target_epoch);
  auto const* record = record_of(message.job);
  if (desk == nullptr || record->intent->source != from) {
    return note(Level::warning, message.job, message.target_epoch,
                fmt::format("Departed from host {} is of old: dropped", from));
  }
  desk->departed = message.figures;
  // The target has taken the job, and is dead: its word will not come.
  if (hosts.at(record->intent->target).presence == Presence::dead) moved(*record);
}

// Custody has gone over to the target.
void Allocator::Core::moved(JobRecord const& record) {
  auto const job = record.job;
  auto const intent = *record.intent;
  journal(log::Moved{job, intent.target_epoch, intent.target, wall});
  outdate_copy(job, intent.target_epoch);
  reseat(job);
  auto& desk = desks.at(job);
  auto const asked = desk.open->asked;
  auto const figures = desk.departed;
  desk.open.reset();
  desk.departed.reset();
  desk.refused.reset();
  to_serve.insert(job);
  if (figures || hosts.at(intent.source).presence == Presence::dead) {
    answer_move(asked, job, intent.source, intent.target, figures);
  } else {
    departures.emplace(std::pair{job, intent.target_epoch},
                       AwaitedDeparture{asked, intent.source, intent.target, now});
  }
  if (record.state != JobState::running && record.state != JobState::suspended) lost(job, intent.target);
}

void Allocator::Core::answer_move(Asked const& asked, JobId job, Rank source, Rank target,
                                  std::optional<msg::MoveFigures> figures) {
  if (figures) {
    bool const near = hosts.at(source).hello.node == hosts.at(target).hello.node;
    balancing.ways.learn(target, near, {figures->bytes, figures->transfer, figures->stopped});
  }
  cmd::Act act;
  act.job = job;
  act.from = source;
  act.to = target;
  act.move = figures;
  act.what = figures ? fmt::format("moved {} → {}: {}, {} stopped", source, target,
                                   spell_bytes(figures->bytes), spell_duration(figures->stopped))
                     : fmt::format("moved {} → {} (host {} was gone before it could give figures)", source,
                                   target, source);
  note(Level::info, job, record_of(job)->epoch, fmt::format("{} {}", called(*record_of(job)), act.what));
  answer(asked, std::move(act));
}

void Allocator::Core::hear(Rank from, msg::Refused const& message) {
  auto* desk = desk_of_move(message.job, message.target_epoch);
  auto const* record = record_of(message.job);
  if (desk == nullptr || record->intent->target != from) return;  // the source's Stayed was faster
  desk->refused = message.why;
  if (desk->departed) return nobody_has(*record, message.why);
  if (desk->pressed) press(*record, *desk);
  if (hosts.at(record->intent->source).presence == Presence::dead) stayed(*record, message.why);
}

void Allocator::Core::hear(Rank from, msg::Stayed const& message) {
  auto* desk = desk_of_move(message.job, message.target_epoch);
  auto const* record = record_of(message.job);
  if (desk == nullptr || record->intent->source != from) {
    return note(Level::warning, message.job, message.target_epoch,
                fmt::format("Stayed from host {} is of old: dropped", from));
  }
  // The source has told it so, but these two may not hear each other: it would keep room for the job for ever.
  auto const& intent = *record->intent;
  if (!desk->refused && hosts.at(intent.target).presence != Presence::dead) {
    send(intent.target, msg::AbandonMove{message.job, intent.target_epoch, intent.thaw_epoch, false, message.why});
  }
  stayed(*record, desk->refused ? *desk->refused : message.why);
  // What it was told before the move began may not have reached it then, or be of a former allocator.
  if (auto const* there = record_of(message.job)) tell_word(*there);
}

// Custody stays with the source, at the thaw epoch; if that is dead, the job goes on elsewhere.
void Allocator::Core::stayed(JobRecord const& record, Failure const& why) {
  auto const job = record.job;
  auto const intent = *record.intent;
  journal(log::Stayed{job, intent.thaw_epoch, why.context});
  reseat(job);
  if (record.state != JobState::running && record.state != JobState::suspended) return lost(job, intent.source);
  auto const text = fmt::format("stayed on host {}: {}", intent.source, why.context);
  note(Level::warning, job, record.epoch, fmt::format("{} {}", called(record), text));
  if (!ledger.decisions(job).empty()) decided(job, "it " + text);
  cmd::Act act;
  act.failure = why;
  act.from = intent.source;
  act.to = intent.target;
  close(job, std::move(act));
}

// The source died: the target decides. It may have the job already.
void Allocator::Core::lost_source(JobRecord const& record) {
  auto const intent = *record.intent;
  auto const why =
      peer_lost("host_died", fmt::format("host {} died in the middle of the move", intent.source));
  if (desks.at(record.job).refused && !mutated(Mutation::forget_the_refusal)) return stayed(record, why);
  send(intent.target, msg::AbandonMove{record.job, intent.target_epoch, intent.thaw_epoch, false, why});
}

// The target died: the source goes on, unless it knows that the target took the job. Sent again, with
// target_fenced, once that is known.
void Allocator::Core::lost_target(JobRecord const& record) {
  auto const intent = *record.intent;
  if (desks.at(record.job).departed && !mutated(Mutation::forget_the_departure)) return moved(record);
  send(intent.source,
       msg::AbandonMove{
           record.job, intent.target_epoch, intent.thaw_epoch,
           ledger.is_fenced(intent.target) || mutated(Mutation::call_the_target_fenced),
           peer_lost("host_died", fmt::format("host {} died in the middle of the move", intent.target))});
}

// Two live hosts may not hear each other, for ever. Each hears the allocator: the target is asked to refuse, and what
// it says is passed on to the source. Asked again and again, for either may have slept.
void Allocator::Core::press_moves() {
  if (shutdown.broken) return;
  for (auto& [job, desk] : desks) {
    auto const* record = record_of(job);
    if (record == nullptr || !record->intent) continue;
    auto const* report = report_of(job);
    auto const bytes = report != nullptr ? report->arena_bytes : 0;
    auto const patience = settings.move_patience + std::chrono::seconds(bytes / settings.move_bytes_per_s);
    if (now - desk.patient_since < patience) continue;
    desk.patient_since = now;
    desk.pressed = true;
    press(*record, desk);
  }
  for (auto& [key, awaited] : departures) {
    if (now - awaited.patient_since < settings.move_patience) continue;
    awaited.patient_since = now;
    send(awaited.source, msg::Accepted{key.first, key.second, 0, false});
  }
}

void Allocator::Core::press(JobRecord const& record, Desk& desk) {
  auto const intent = *record.intent;
  auto const has_refused = desk.refused.has_value();
  auto const to = has_refused ? intent.source : intent.target;
  if (hosts.at(to).presence == Presence::dead) return;
  auto const unheard = retry_later("no_answer", fmt::format("host {} and host {} don't seem to hear each other",
                                                            intent.source, intent.target));
  send(to, msg::AbandonMove{record.job, intent.target_epoch, intent.thaw_epoch, has_refused,
                            has_refused ? *desk.refused : unheard});
}

void Allocator::Core::hear(Rank from, msg::MoveWanted const& message) {
  auto const* record = record_of(message.job);
  if (!serving() || record == nullptr || record->host != from || record->epoch != message.epoch) return;
  if (message.probed) return move_as_agreed(*record, message.target);
  Operation operation;
  operation.verb = Verb::migrate;
  operation.asked.at = now;
  if (message.target != no_rank) operation.target = message.target;
  note(Level::info, message.job, message.epoch,
       message.target == no_rank
           ? fmt::format("{} asks to be moved", called(*record))
           : fmt::format("{} asks to be moved to host {}", called(*record), message.target));
  ask(message.job, std::move(operation));
}

}  // namespace godwit::allocator
