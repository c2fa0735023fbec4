#include "explorer/allocator.hpp"

#include <utility>

#include "base/panic.hpp"

namespace godwit::explorer {

using Kind = Packet::Kind;

Allocator::Allocator(Scenario const& scenario, Term term, std::shared_ptr<Ledger const> ledger)
    : term_(term), defect_(scenario.defect), ledger_(std::move(ledger)) {
  for (auto rank = Rank{1}; rank.value <= scenario.hosts; rank = rank.next())
    presences_[rank] = Presence::alive;
  for (auto const& [job, record] : ledger_->jobs()) desks_[job];
}

// ---- what is possible now

bool Allocator::can_grant(JobId job, Rank host) const {
  return ledger_->find(job)->state == JobState::waiting && presence(host) == Presence::alive;
}

bool Allocator::can_move(JobId job, Rank target) const {
  auto const& record = *ledger_->find(job);
  return record.state == JobState::running && !desks_.at(job).cancelling && record.host != target &&
         presence(record.host) == Presence::alive && presence(target) == Presence::alive;
}

bool Allocator::can_cancel(JobId job) const {
  auto const& record = *ledger_->find(job);
  bool const joining = record.host != no_rank && presence(record.host) == Presence::joining;
  return !is_ended(record.state) && record.state != JobState::migrating && !joining &&
         !desks_.at(job).cancelling;
}

// ---- steps

// Everybody says what it has yet to confirm, and what it holds.
Step Allocator::begin() {
  step_ = {};
  journal(log::TermBegan{term_, no_rank, {}, {}});
  for (auto& [rank, presence] : presences_) {
    presence = ledger_->is_lost(rank) ? Presence::dead : Presence::joining;
    if (presence == Presence::joining) send(rank, {.kind = Kind::welcome});
  }
  if (defect_ == Defect::trusts_silence) {
    for (auto const& [job, desk] : desks_) {
      auto const& record = *ledger_->find(job);
      if (!is_ended(record.state) && record.state != JobState::waiting && !record.intent)
        journal(log::Parked{job, record.epoch, {}});
    }
  }
  return std::exchange(step_, {});
}

Step Allocator::hear(Rank from, Packet const& packet) {
  step_ = {};
  if (packet.term == term_ && !is_dead(from)) on(from, packet);
  return std::exchange(step_, {});
}

Step Allocator::grant(JobId job, Rank host) {
  step_ = {};
  auto const epoch = ledger_->find(job)->newest_epoch.next();
  journal(log::Granted{job, epoch, host, {}});
  send(host, {.kind = Kind::start_job, .job = job, .epoch = epoch});
  return std::exchange(step_, {});
}

Step Allocator::move(JobId job, Rank target) {
  step_ = {};
  auto const record = *ledger_->find(job);
  auto const target_epoch = record.newest_epoch.next();
  journal(log::Intent{job, record.host, target, target_epoch, target_epoch.next(), {}});
  send(target, {.kind = Kind::prepare_arrival,
                .job = job,
                .epoch = record.epoch,
                .target_epoch = target_epoch,
                .thaw_epoch = target_epoch.next(),
                .source = record.host});
  return std::exchange(step_, {});
}

Step Allocator::cancel(JobId job) {
  step_ = {};
  auto const& record = *ledger_->find(job);
  if (record.state == JobState::waiting || record.state == JobState::stranded) {
    journal(log::Ended{job, record.epoch, {Ending::cancelled, {}, {}, 0}, {}});
  } else {
    desks_[job].cancelling = true;
    send(record.host, {.kind = Kind::cancel_job, .job = job, .epoch = record.epoch});
  }
  return std::exchange(step_, {});
}

Step Allocator::host_died(Rank host) {
  step_ = {};
  die(host, true);
  return std::exchange(step_, {});
}

Step Allocator::give_up(Rank host) {
  step_ = {};
  die(host, false);
  if (defect_ == Defect::fences_at_once) fence_now(host);
  return std::exchange(step_, {});
}

Step Allocator::fence(Rank host) {
  step_ = {};
  fence_now(host);
  return std::exchange(step_, {});
}

// ---- messages

void Allocator::on(Rank from, Packet const& packet) {
  switch (packet.kind) {
    case Kind::job_started:
      return on_job_started(from, packet);
    case Kind::job_ended:
      return on_job_ended(from, packet);
    case Kind::accepted:
      return on_accepted(from, packet);
    case Kind::refused:
      return on_refused(from, packet);
    case Kind::departed:
      return on_departed(from, packet);
    case Kind::stayed:
      return on_stayed(from, packet);
    case Kind::holdings:
      return on_holdings(from, packet);
    case Kind::order_done:
      desks_[packet.job].cancelling = false;
      return;
    default:
      panic("a message for hosts came to the allocator");
  }
}

void Allocator::on_job_started(Rank from, Packet const& packet) {
  auto const& record = *ledger_->find(packet.job);
  if (record.state != JobState::starting || record.host != from || record.epoch != packet.epoch) return;
  journal(log::Started{packet.job, packet.epoch, {}, false, {}});
}

void Allocator::on_job_ended(Rank from, Packet const& packet) {
  auto const job = packet.job;
  auto const& record = *ledger_->find(job);
  if (is_ended(record.state)) return;
  if (record.intent && from == record.intent->source && packet.epoch == record.intent->thaw_epoch)
    stayed(record);
  if (record.host != from || record.epoch != packet.epoch || record.state == JobState::waiting) return;
  if (record.intent && !is_dead(record.intent->target)) abandon(record, record.intent->target);
  auto& desk = desks_[job];
  auto ending = packet.ending;
  if (ending == Ending::crashed && desk.cancelling) ending = Ending::cancelled;
  desk = {};
  if (ending == Ending::crashed) {
    journal(log::Crashed{job, packet.epoch, {Ending::crashed, {}, {}, 0}, {}});
  } else {
    journal(log::Ended{job, packet.epoch, {ending, {}, {}, 0}, {}});
  }
}

// ---- effects

void Allocator::journal(LedgerEvent event) {
  auto ledger = std::make_shared<Ledger>(*ledger_);
  auto const applied = ledger->apply(event);
  ledger_ = std::move(ledger);
  if (!applied && step_.refused.empty()) step_.refused = applied.failure().context;
  step_.appends.push_back(std::move(event));
}

void Allocator::send(Rank to, Packet packet) {
  packet.term = term_;
  step_.sends.push_back({place_of(to), std::move(packet)});
}

}  // namespace godwit::explorer
