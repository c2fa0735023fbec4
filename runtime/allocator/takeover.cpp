// A new allocator in a world that goes on. It knows the ledger; what its predecessor decided and didn't write
// down it never learns, and what hosts reported and wasn't written down they report again. Then each says what
// it holds, and what the ledger has there is settled by that: docs/protocol.md, "A new allocator".
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"

namespace godwit::allocator {

namespace {

bool is_at(std::vector<msg::Held> const& held, Epoch epoch) {
  return std::ranges::find(held, epoch, &msg::Held::epoch) != held.end();
}

}  // namespace

void Allocator::Core::take_over(Began const& event) {
  took_over = true;
  // No answer to a request of a former term is ever taken for one to ours.
  next_request = RequestId{(event.term.value << 32) + first_request.value};
  begin_term(event);
  std::vector<Rank> gone;
  for (auto rank = Rank{1}; rank.value < event.ranks; rank = rank.next()) {
    auto& host = hosts[rank];
    host.heard = now;
    host.awaited = !ledger.is_lost(rank);
    undescribed.insert(rank);
    if (ledger.is_lost(rank)) host.presence = Presence::dead;
    tell_scheduler(rank);
    if (ledger.is_lost(rank)) {
      if (ledger.lost().at(rank).proven) gone.push_back(rank);
    } else {
      welcome(rank);
    }
  }
  doubt_former_groups();
  std::vector<JobId> unfinished;
  for (auto const& [job, record] : ledger.jobs()) {
    if (is_ended(record.state)) continue;
    unfinished.push_back(job);
    if (record.state != JobState::migrating) continue;
    Operation move;
    move.asked.at = now;
    move.target = record.intent->target;
    desks[job].open = move;
    desks[job].patient_since = now;
  }
  wait_for_old_leases();
  index_jobs(unfinished);
  note(Level::warning, {}, {},
       fmt::format("rank {} takes over as the allocator, term {}: {} jobs to go on with", event.self, term,
                   ledger.counts().live()));
  for (auto const rank : gone) fence(rank);
}

bool Allocator::Core::awaiting() const {
  return std::ranges::any_of(undescribed, [this](Rank rank) { return hosts.at(rank).awaited; });
}

// All that it reported to a former allocator has been heard before this.
void Allocator::Core::hear(Rank from, msg::Holdings const& message) {
  auto& host = hosts.at(from);
  if (!host.awaited) return strange(from, message);
  host.awaited = false;
  describe(from, message.hello);
  host.heard = now;
  host.presence = Presence::alive;
  tell_scheduler(from);
  std::map<JobId, std::vector<msg::Held>> held;
  for (auto const& one : message.held) {
    held[one.job].push_back(one);
    learn_holder(one.job, one.epoch, from);
  }
  note(Level::info, {}, {}, fmt::format("host {} holds {} jobs", from, held.size()));

  auto const occupants = host.occupants;
  for (auto const job : occupants) {
    reconcile(job, from, held[job]);
    to_serve.insert(job);
  }
  for (auto const& one : message.held) reconcile_stray(from, one);
  for (auto const& copy : message.copies) learn_copy(from, copy);
  std::erase_if(departures, [&](auto const& one) {  // its figures were told to the former allocator
    auto const& [job, target_epoch] = one.first;
    return one.second.source == from &&
           std::ranges::find(held[job], target_epoch, &msg::Held::target_epoch) == held[job].end();
  });
  has_said_all(from);
  answer_late_claims();
}

// A job that the ledger has there, or on the way from or to it.
void Allocator::Core::reconcile(JobId job, Rank host, std::vector<msg::Held> const& held) {
  auto const& record = *record_of(job);
  if (record.intent) return reconcile_move(record, host, held);
  if (!is_at(held, record.epoch)) return park(record);
  tell_word(record);  // one that was obeyed and not written down was not answered either: the ledger's counts
}

// Whoever can still say no does so; whoever doesn't have the job has had its say.
void Allocator::Core::reconcile_move(JobRecord const& record, Rank host, std::vector<msg::Held> const& held) {
  auto const job = record.job;
  auto const intent = *record.intent;
  auto& desk = desks.at(job);
  auto const why = retry_later("new_allocator", "the allocator died in the middle of the move");
  bool const at_source = host == intent.source;
  if (is_at(held, at_source ? record.epoch : intent.target_epoch)) {
    bool const fenced = at_source && ledger.is_fenced(intent.target);
    send(host, msg::AbandonMove{job, intent.target_epoch, intent.thaw_epoch, fenced, why});
    return;
  }
  if (at_source) {
    desk.departed = msg::MoveFigures{};  // the target had accepted: it alone knows what became of the job
  } else {
    desk.refused = why;  // whatever was on its way to it is of an old term
  }
  if (desk.departed && desk.refused) return nobody_has(record, why);
  if (at_source && ledger.is_lost(intent.target)) return moved(record);
  if (!at_source && ledger.is_lost(intent.source)) return stayed(record, why);
}

// Something there that the ledger hasn't got there. A copy that waits for the target's word is told that it
// was said; nothing else can be, but were it, it must not run.
void Allocator::Core::reconcile_stray(Rank host, msg::Held const& held) {
  auto const* record = record_of(held.job);
  auto const intent = record != nullptr ? record->intent : std::nullopt;
  if (held.phase == msg::Held::Phase::committed) {
    if (intent && intent->target_epoch == held.target_epoch) return;
    return send(host, msg::Accepted{held.job, held.target_epoch, 0, false});
  }
  if (intent && (intent->source == host || intent->target == host)) return;
  bool const known = record != nullptr && record->host == host && record->epoch == held.epoch;
  if (known && !is_ended(record->state)) return;
  note(Level::severe, held.job, held.epoch,
       fmt::format("host {} holds job {} at epoch {}, of which the ledger knows nothing: it is told to drop it",
                   host, held.job, held.epoch));
  if (held.phase == msg::Held::Phase::arriving) {  // there is no job in it yet that could be cancelled
    auto const why = retry_later("new_allocator", "the allocator died in the middle of the move");
    return send(host, msg::AbandonMove{held.job, held.epoch, held.epoch, false, why});
  }
  send(host, msg::CancelJob{new_request(), held.job, held.epoch});
}

void Allocator::Core::nobody_has(JobRecord const& record, Failure const& why) {
  auto const job = record.job;
  stayed(record, why);
  auto const* now_at = record_of(job);
  if (now_at->state == JobState::running || now_at->state == JobState::suspended) park(*now_at);
}

// It was granted to a host that never heard of it, or has let it go.
void Allocator::Core::park(JobRecord const& record) {
  note(Level::info, record.job, record.epoch,
       fmt::format("{} is not on host {}: it waits again", called(record), record.host));
  wait_again(record);
}

// Its host has let it go.
void Allocator::Core::wait_again(JobRecord const& record) {
  auto const job = record.job;
  marks.erase(job);
  journal(log::Parked{job, record.epoch, wall});
  reseat(job);
  to_serve.insert(job);
}

void Allocator::Core::answer_late_claims() {
  if (late_claims.empty() || awaiting()) return;
  for (auto const& [host, claim] : std::exchange(late_claims, {})) hear(host, claim);
}

}  // namespace godwit::allocator
