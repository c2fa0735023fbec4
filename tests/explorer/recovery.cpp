// The allocator's part in moves and deaths, and what a new allocator makes of what hosts say they hold.
#include <algorithm>

#include "explorer/allocator.hpp"

namespace godwit::explorer {

using Kind = Packet::Kind;

JobRecord const* Allocator::of_move(JobId job, Epoch target_epoch) const {
  auto const* record = ledger_->find(job);
  return record->intent && record->intent->target_epoch == target_epoch ? record : nullptr;
}

void Allocator::on_accepted(Rank from, Packet const& packet) {
  auto const* record = of_move(packet.job, packet.target_epoch);
  if (record != nullptr && record->intent->target == from) moved(*record);
}

void Allocator::on_departed(Rank from, Packet const& packet) {
  std::erase_if(departures_, [&](AwaitedDeparture const& awaited) {
    return awaited.job == packet.job && awaited.target_epoch == packet.target_epoch && awaited.source == from;
  });
  auto const* record = of_move(packet.job, packet.target_epoch);
  if (record == nullptr || record->intent->source != from) return;
  desks_[packet.job].departed = true;
  if (is_dead(record->intent->target)) moved(*record);
}

void Allocator::on_refused(Rank from, Packet const& packet) {
  auto const* record = of_move(packet.job, packet.target_epoch);
  if (record == nullptr || record->intent->target != from) return;
  desks_[packet.job].refused = true;
  if (is_dead(record->intent->source)) stayed(*record);
}

void Allocator::on_stayed(Rank from, Packet const& packet) {
  auto const* record = of_move(packet.job, packet.target_epoch);
  if (record != nullptr && record->intent->source == from) stayed(*record);
}

void Allocator::moved(JobRecord const& record) {
  auto const job = record.job;
  auto const intent = *record.intent;
  journal(log::Moved{job, intent.target_epoch, intent.target, {}});
  if (!desks_[job].departed && !is_dead(intent.source)) {
    departures_.insert({job, intent.target_epoch, intent.source, intent.target});
  }
  desks_[job] = {};
}

void Allocator::stayed(JobRecord const& record) {
  auto const job = record.job;
  journal(log::Stayed{job, record.intent->thaw_epoch, {}});
  desks_[job] = {};
}

// ---- deaths

void Allocator::die(Rank host, bool proven) {
  auto& presence = presences_.at(host);
  if (presence == Presence::dead) {
    if (!proven || is_proven(host)) return;
    journal(log::HostLost{host, true, {}});
    return fence_now(host);
  }
  presence = Presence::dead;
  journal(log::HostLost{host, proven, {}});
  if (proven) journal(log::HostFenced{host, {}});
  for (auto& [job, desk] : desks_) {
    auto const& record = *ledger_->find(job);
    if (is_ended(record.state)) continue;
    if (record.state != JobState::migrating) {
      if (record.host == host || record.state == JobState::stranded) desk = {};
    } else if (record.intent->source == host) {
      lost_source(record);
    } else if (record.intent->target == host) {
      lost_target(record);
    }
  }
  std::erase_if(departures_, [&](AwaitedDeparture const& awaited) { return awaited.source == host; });
  for (auto const& awaited : departures_) {
    if (awaited.target == host) let_go(awaited);
  }
}

// Its target is dead, and may not have told the source that it took the job.
void Allocator::let_go(AwaitedDeparture const& awaited) {
  send(awaited.source, {.kind = Kind::accepted, .job = awaited.job, .target_epoch = awaited.target_epoch});
}

void Allocator::fence_now(Rank host) {
  if (is_fenced(host)) return;
  journal(log::HostFenced{host, {}});
  for (auto const& [job, desk] : desks_) {
    auto const& record = *ledger_->find(job);
    if (record.intent && record.intent->target == host) lost_target(record);
  }
}

void Allocator::lost_source(JobRecord const& record) {
  if (desks_.at(record.job).refused) return stayed(record);
  abandon(record, record.intent->target);
}

void Allocator::lost_target(JobRecord const& record) {
  if (desks_.at(record.job).departed) return moved(record);
  abandon(record, record.intent->source);
}

void Allocator::abandon(JobRecord const& record, Rank at) {
  auto const& intent = *record.intent;
  send(at, {.kind = Kind::abandon_move,
            .job = record.job,
            .target_epoch = intent.target_epoch,
            .thaw_epoch = intent.thaw_epoch,
            .target_fenced = at == intent.source && is_fenced(intent.target)});
}

// ---- a new term

// What a host neither holds nor reports, nobody will start there any more: it waits again. An open move is
// abandoned at both ends, and ends as it would have.
void Allocator::on_holdings(Rank from, Packet const& packet) {
  if (presence(from) != Presence::joining) return;
  presences_[from] = Presence::alive;
  for (auto& [job, desk] : desks_) {
    auto const& record = *ledger_->find(job);
    auto const holds = [&, id = job](Epoch epoch) {
      return std::ranges::any_of(
          packet.held, [&](msg::Held const& held) { return held.job == id && held.epoch == epoch; });
    };
    if (record.intent && record.intent->source == from) {
      if (!holds(record.epoch)) {  // it has let go of it: the target has said that it took it
        desk.departed = true;
        if (is_dead(record.intent->target)) moved(record);
      } else {
        abandon(record, from);
      }
    } else if (record.intent && record.intent->target == from) {
      if (!holds(
              record.intent->target_epoch)) {  // it never will: nobody obeys an older term's PrepareArrival
        desk.refused = true;
        if (is_dead(record.intent->source)) stayed(record);
      } else {
        abandon(record, from);
      }
    } else if (record.host == from && !is_ended(record.state) && !holds(record.epoch)) {
      journal(log::Parked{job, record.epoch, {}});
    }
  }
  for (auto const& held : packet.held) {  // moved, as the ledger has it, and the target's word is awaited
    if (held.phase != msg::Held::Phase::committed || of_move(held.job, held.target_epoch) != nullptr)
      continue;
    let_go({held.job, held.target_epoch, from, no_rank});
  }
}

}  // namespace godwit::explorer
