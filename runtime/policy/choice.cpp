// Which request is served next, and on which host.
#include <boost/container/small_vector.hpp>

#include <algorithm>

#include "base/random.hpp"
#include "policy/scheduler_state.hpp"

namespace godwit::policy {

bool Scheduler::State::fits_at(Demand const& demand, Rank rank) const {
  auto const* host = host_at(rank);
  return host != nullptr && host->open && host->room.fits(demand);
}

Host* Scheduler::State::host_at(Rank rank) const {
  auto const index = static_cast<std::size_t>(rank.value);
  return rank.value >= 0 && index < by_rank.size() ? by_rank[index] : nullptr;
}

std::optional<Rank> Scheduler::State::host_for(Entry const& entry) const {
  auto const& demand = entry.of->demand;
  auto const only = [&](Rank rank) -> std::optional<Rank> {
    if (fits_at(demand, rank) && may_take(entry, rank)) return rank;
    return std::nullopt;
  };
  if (!demand.together.empty()) {
    auto const group = together.find(demand.together);
    if (group != together.end()) {
      auto const rank = group->second.begin()->first;
      bool const elsewhere = entry.of->pinned() && demand.host != rank;
      return group->second.size() > 1 || elsewhere ? std::nullopt
                                                   : only(rank);  // more: one of them is moving
    }
  }
  if (entry.of->pinned()) return only(demand.host);
  if (entry.copy_at != no_rank) {
    if (auto const there = only(entry.copy_at)) return there;
  }
  if (tuning.goal == Goal::locality && entry.last != no_rank) {
    if (auto const same = only(entry.last)) return same;
  }
  return entry.of->hosts.first_that([&](Rank rank) { return may_take(entry, rank); });
}

std::optional<Rank> Scheduler::State::host_for(Demand const& demand, Rank except) const {
  Host const* best = nullptr;
  for (auto const& [rank, host] : hosts) {
    bool const meant = rank != except && (demand.host == no_rank || demand.host == rank);
    if (!meant || reserved.contains(rank) || !fits_at(demand, rank)) continue;
    if (best == nullptr || host.place < best->place) best = &host;
  }
  if (best == nullptr) return std::nullopt;
  return best->place.host;
}

Candidate Scheduler::State::choose() {
  switch (policy->discipline()) {
    case Discipline::by_account:
      return choose_by_account();
    case Discipline::in_order:
      return choose_in_order();
    case Discipline::backfill:
      return choose_backfill();
    case Discipline::lottery:
      return choose_by_lot();
  }
  return {};
}

Candidate Scheduler::State::choose_by_account() {
  boost::container::small_vector<Candidate, 8> fitting;
  boost::container::small_vector<Entry*, 8> without_room;
  boost::container::small_vector<DemandClass*, 8> full;  // whose turn it is there only matters if somebody else's turn has come
  auto const consider = [&](Entry& entry) {
    if (auto const host = host_for(entry)) {
      fitting.push_back({&entry, *host});
    } else {
      without_room.push_back(&entry);
    }
  };
  for (auto* one : tracked) {
    if (!one->pinned() && one->hosts.empty()) {
      full.push_back(one);
    } else if (auto* const entry = first(*one)) {
      consider(*entry);
    }
  }
  for (auto const& [rank, entry] : reserved) {
    if (!is_capped_above(*entry) && fits_at(entry->of->demand, rank)) consider(*entry);
  }
  auto best = best_of({fitting.data(), fitting.size()});
  if (best.entry == nullptr) return {};
  best = first_of_account(best);
  for (auto* one : full) {
    if (auto* const entry = first(*one)) without_room.push_back(entry);
  }
  for (auto* entry : without_room) {
    if (before(*entry, *best.entry)) pass_over(*entry);
  }
  return best;
}

// Whose turn it is, is decided: of its requests that fit, whatever their demands, the first in line.
Candidate Scheduler::State::first_of_account(Candidate best) const {
  for (auto const& [one, branch] : nodes[best.entry->account].branches) {
    auto* const entry = branch->head;
    if (!(line_place(*entry) < line_place(*best.entry)) || is_capped_above(*entry)) continue;
    if (auto const host = host_for(*entry)) best = {entry, *host};
  }
  return best;
}

// The oldest that any host could take.
Entry* Scheduler::State::oldest() {
  Entry* oldest = nullptr;
  for (auto* one : tracked) {
    auto* const entry = one->lots.empty() ? nullptr : first(*one);
    if (entry == nullptr || (oldest != nullptr && oldest->job < entry->job)) continue;
    if (is_possible(*one)) oldest = entry;
  }
  return oldest;
}

Candidate Scheduler::State::choose_in_order() {
  auto* const entry = oldest();
  if (entry == nullptr) return {};
  auto const host = host_for(*entry);
  return host ? Candidate{entry, *host} : Candidate{};
}

// Each placement has a draw of its own: who asks twice gets the same answer.
Candidate Scheduler::State::choose_by_lot() const {
  std::vector<DemandClass*> fitting;
  std::uint64_t lots = 0;
  for (auto* one : tracked) {
    auto* const entry = first(*one);
    if (entry == nullptr || !host_for(*entry)) continue;
    fitting.push_back(one);
    lots += one->lots.size();
  }
  Random random(tuning.seed + placements);
  for (int attempt = 0; !fitting.empty() && attempt < 1000; ++attempt) {
    auto drawn = random.below(lots);
    auto one = fitting.begin();
    for (; drawn >= (*one)->lots.size(); ++one) drawn -= (*one)->lots.size();
    auto* const entry = (*one)->lots[drawn];
    if (is_capped_above(*entry)) continue;
    if (auto const host = host_for(*entry)) return {entry, *host};
  }
  if (fitting.empty()) return {};
  auto* const entry = first(*fitting.front());  // nearly all are at their caps
  return {entry, *host_for(*entry)};
}

Reason Scheduler::State::reason_for(Candidate const& chosen) const {
  auto const& entry = *chosen.entry;
  auto const& one = *entry.of;
  Reason why;
  why.account = why.branch = entry.account;
  why.waiting = static_cast<std::int64_t>(waiting.size());
  why.free_cores = host_at(chosen.host)->room.free_cores();
  why.hosts_that_fit = one.pinned() ? 1 : static_cast<std::int32_t>(one.hosts.size());
  if (auto const* other = runner_up(entry)) {
    std::tie(why.branch, why.runner_up.emplace()) = parting(entry.account, other->account);
    why.runner_up_key = nodes[*why.runner_up].key;
  }
  why.key = nodes[why.branch].key;
  return why;
}

// The best of those of other accounts that fit: in its own class a sibling, the nearest that there is.
Entry const* Scheduler::State::runner_up(Entry const& chosen) const {
  Entry const* best = nullptr;
  auto const consider = [&](Entry const* entry) {
    bool const other = entry != nullptr && entry->account != chosen.account;
    if (other && (best == nullptr || before(*entry, *best))) best = entry;
  };
  auto const* up = &chosen.of->branches.at(chosen.account);
  for (; up->parent != nullptr && best == nullptr; up = up->parent) {
    auto const& siblings = up->parent->members;
    siblings.in_order(standings(), [&](Members::Seat seat) {
      if (seat == up->seat) return true;
      consider(siblings.branch(seat)->head);
      return false;
    });
  }
  for (auto* one : tracked) {
    if (one != chosen.of && !one->hosts.empty()) consider(first(*one));
  }
  return best;
}

}  // namespace godwit::policy
