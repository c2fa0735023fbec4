// What can happen next in a world.
#include "explorer/world.hpp"

namespace godwit::explorer {

using ActKind = Act::Kind;

std::vector<Act> World::acts() const {
  std::vector<Act> acts;
  for (auto const& [route, packets] : flying_) {
    Act const deliver{ActKind::deliver, route.first, route.second};
    acts.push_back(deliver);
    if (is_allocator(route.second)) with_last_steps(deliver, acts);
    if (is_dead_end(route.first)) acts.push_back({ActKind::lose, route.first, route.second});
  }
  for (auto const& host : hosts_) {
    if (host.is_up()) host_acts(host, acts);
  }
  allocator_acts(acts);
  return acts;
}

void World::host_acts(Host const& host, std::vector<Act>& acts) const {
  auto const self = place_of(host.self());
  std::uint8_t index = 0;
  auto const may = [&](ActKind kind, std::uint8_t budget = 1) {
    if (budget > 0) acts.push_back({kind, self, 0, index});
  };
  for (auto const& held : host.holdings()) {
    switch (held.phase) {
      case Holding::Phase::starting:
        may(ActKind::runs);
        may(ActKind::crash, left_.crashes);
        break;
      case Holding::Phase::arriving:
        if (held.arrival->phase() == custody::Arrival::Phase::preparing) may(ActKind::prepared);
        if (held.arrival->phase() == custody::Arrival::Phase::restoring) may(ActKind::runs);
        may(ActKind::refuse, left_.refusals);
        break;
      case Holding::Phase::live:
        if (!held.is_frozen() && host.is_leased()) may(ActKind::finish, left_.finishes);
        if (!held.died && !held.is_committed()) may(ActKind::crash, left_.crashes);
        if (!held.departure) break;
        if (held.departure->phase() == custody::Departure::Phase::waiting) {
          may(ActKind::frozen);
          may(ActKind::refuse, left_.refusals);
        } else if (held.departure->phase() == custody::Departure::Phase::sending) {
          may(ActKind::pages_sent);
          may(ActKind::torn_commit, left_.refusals);
        } else if (scenario_.defect == Defect::thaws_by_itself ||
                   (scenario_.defect == Defect::thaws_overtaken && held.superseded)) {
          may(ActKind::thaw_by_itself);
        }
        break;
      case Holding::Phase::refused:
        break;
    }
    ++index;
  }
  index = 0;
  for (auto const& peer : hosts_) {
    if (!peer.is_up() && !host.knows_dead(peer.self()))
      acts.push_back({ActKind::notice_death, self, place_of(peer.self())});
  }
  if (host.is_leased() && allocator_.is_up() &&
      allocator_.presence(host.self()) == Allocator::Presence::dead) {
    may(ActKind::lease_out);
  }
  may(ActKind::host_dies, left_.host_deaths);
}

void World::allocator_acts(std::vector<Act>& acts) const {
  if (!allocator_.is_up()) {
    acts.push_back({ActKind::take_over});
    return;
  }
  auto const may = [&](Act act) {
    acts.push_back(act);
    with_last_steps(act, acts);
  };
  for (auto const& [job, record] : allocator_.ledger().jobs()) {
    auto const number = static_cast<std::uint8_t>(job.value);
    for (auto const& host : hosts_) {
      auto const rank = host.self();
      bool const first = record.newest_epoch == Epoch{};
      if (allocator_.can_grant(job, rank) && (!scenario_.ring || !first || rank == Rank{1})) {
        may({ActKind::grant, place_of(rank), 0, number});
      }
      bool const next = record.host.value % scenario_.hosts + 1 == rank.value;
      if (left_.moves > 0 && allocator_.can_move(job, rank) && (!scenario_.ring || next)) {
        may({ActKind::move, place_of(rank), 0, number});
      }
    }
    if (left_.cancels > 0 && allocator_.can_cancel(job)) may({ActKind::cancel, 0, 0, number});
  }
  for (auto const& host : hosts_) {
    auto const rank = host.self();
    bool const dead = allocator_.presence(rank) == Allocator::Presence::dead;
    if (!host.is_up() && !(dead && allocator_.is_proven(rank))) may({ActKind::learn_death, place_of(rank)});
    if (host.is_up() && !dead && left_.cut_offs > 0) may({ActKind::cut_off, place_of(rank)});
    if (dead && !allocator_.is_fenced(rank) && !host.is_leased()) may({ActKind::fence, place_of(rank)});
  }
  if (left_.allocator_deaths > 0) acts.push_back({ActKind::allocator_dies});
}

// The same act, and the allocator dies before it could send anything.
void World::with_last_steps(Act act, std::vector<Act>& acts) const {
  if (left_.allocator_deaths == 0) return;
  auto trial = allocator_;
  auto const appends = step_of(trial, act).appends.size();
  bool const leaves_nothing = scenario_.defect != Defect::sends_before_durable;
  for (std::size_t k = leaves_nothing ? 1 : 0; k <= appends && appends > 0; ++k) {
    act.durable = static_cast<std::uint8_t>(k);
    acts.push_back(act);
  }
}

bool World::is_dead_end(Place place) const {
  if (is_allocator(place)) return !allocator_.is_up() || place != place_of(allocator_.term());
  return !host(place).is_up();
}

}  // namespace godwit::explorer
