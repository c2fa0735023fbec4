// How long this allocator may act, and when it steps down: ADR 0009.
#include <fmt/format.h>

#include "allocator/core.hpp"
#include "base/figures.hpp"

namespace godwit::allocator {

void Allocator::Core::begin_world(Began const& event) {
  journal(log::WorldBegan{event.term, event.ranks, wall, event.seals, event.old_leases});
  authority = custody::Authority(ledger.electorate(), settings.lease);
  self = event.self;
  authority.counts_always(self);
  for (auto rank = Rank{1}; rank.value < event.ranks; rank = rank.next()) {
    hosts[rank].heard = now;
    undescribed.insert(rank);
    authority.counts_always(rank);  // until it joins
  }
}

// Leased by those who voted. Rank 0 leaves the electorate with the record, if it hadn't surely ended before.
void Allocator::Core::begin_term(Began const& event) {
  auto const before = custody::without(ledger.electorate(), event.claim.ended);
  authority = custody::Authority(before, settings.lease);
  self = event.self;
  for (auto const voter : event.claim.voters) authority.leased_until(voter, event.claim.lease_until);
  journal(log::TermBegan{event.term, self, wall, event.seals});
  auto const after = ledger.electorate();
  for (auto const rank : before) {
    if (!after.contains(rank)) out->push_back(Confirm{authority.leaves(rank)});
  }
}

void Allocator::Core::lose(Rank host, bool proven) {
  journal(log::HostLost{host, proven, wall});
  out->push_back(Confirm{authority.leaves(host)});
}

void Allocator::Core::on(Confirmed const& event) {
  authority.confirmed(event.change);
}

void Allocator::Core::tell_lead() {
  if (shutdown.phase == Phase::over || authority.until() == lead_told) return;
  lead_told = authority.until();
  out->push_back(Lead{lead_told});
}

// Fewer than half answer: another allocator may lead by now, or nobody ever will in this world.
void Allocator::Core::give_up_if_forlorn() {
  if (leads() || led == Instant{}) led = now;
  if (shutdown.broken || now - led < settings.suspicion) return;
  step_down(Level::severe, fmt::format("for {}, fewer than half of the hosts have answered",
                                       spell_duration(now - led)));
}

void Allocator::Core::step_down_before(Rank from, Term newer) {
  step_down(Level::warning, fmt::format("rank {} knows of term {}: it may have an allocator", from, newer));
}

void Allocator::Core::step_down(Level level, std::string const& why) {
  note(level, {}, {}, fmt::format("no allocator any more: {}", why));
  refuse_all(retry_later("deposed", "this allocator has stepped down"));
  shutdown.phase = Phase::over;
  out->push_back(Arm{watch_timer, {}});
  out->push_back(Arm{leases_timer, {}});
  out->push_back(Exit{exit_deposed, true});
}

}  // namespace godwit::allocator
