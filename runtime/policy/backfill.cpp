// EASY backfilling (Lifka 1995): the oldest request has a reservation, where and when it will fit by the
// estimates; younger ones start meanwhile if they end by then, or need none of the room that it will take.
#include <algorithm>
#include <limits>

#include "policy/scheduler_state.hpp"

namespace godwit::policy {

namespace {

constexpr Instant never_ends{std::numeric_limits<std::int64_t>::max()};

Instant end_of(Instant since, Duration estimate) {
  if (estimate == Duration{0} || never_ends - since <= estimate) return never_ends;
  return since + estimate;
}

// When the oldest will fit there, and what is left beside it then.
struct Shadow {
  Rank host;
  Instant at{never_ends};
  Room spare;
};

}  // namespace

struct Scheduler::State::Backfilling {
  State const& state;
  Entry const& oldest;

  [[nodiscard]] std::optional<Shadow> at(Rank rank, Host const& host) const {
    auto const& demand = oldest.of->demand;
    std::vector<std::pair<Instant, Demand const*>> ends;
    for (auto const job : host.jobs) {
      auto const& one = state.running.at(job);
      auto const end = end_of(one.stay.since, one.estimate);
      if (end != never_ends) ends.emplace_back(std::max(end, state.now), &one.of->demand);
    }
    std::ranges::sort(ends, {}, &std::pair<Instant, Demand const*>::first);
    Shadow shadow{.host = rank, .at = state.now, .spare = host.room};
    for (auto next = ends.begin(); next != ends.end() && !shadow.spare.fits(demand);) {
      for (shadow.at = next->first; next != ends.end() && next->first == shadow.at; ++next) {
        shadow.spare.give_back(*next->second);
      }
    }
    if (!shadow.spare.fits(demand)) return std::nullopt;
    shadow.spare.take(demand);
    return shadow;
  }

  [[nodiscard]] std::optional<Shadow> earliest() const {
    std::optional<Shadow> best;
    for (auto const& [rank, host] : state.hosts) {
      bool const wrong = oldest.of->pinned() && rank != oldest.of->demand.host;
      if (wrong || !host.open || host.room.never(oldest.of->demand)) continue;
      auto shadow = at(rank, host);
      if (shadow && (!best || shadow->at < best->at)) best = std::move(shadow);
    }
    return best;
  }

  // Where that one may start without delaying the oldest.
  [[nodiscard]] std::optional<Rank> host_for(Entry const& entry, std::optional<Shadow> const& shadow) const {
    auto const host = state.host_for(entry);
    if (!host || !shadow || *host != shadow->host) return host;
    bool const in_time = end_of(state.now, entry.estimate) <= shadow->at;
    if (in_time || shadow->spare.fits(entry.of->demand)) return host;
    return entry.of->hosts.first_that([&](Rank rank) { return rank != *host; });
  }
};

Candidate Scheduler::State::choose_backfill() {
  auto* const head = oldest();
  if (head == nullptr) return {};
  if (auto const host = host_for(*head)) return {head, *host};
  if (std::ranges::none_of(tracked, [](auto* one) { return one->pinned() || !one->hosts.empty(); }))
    return {};
  Backfilling const backfilling{*this, *head};
  auto const shadow = backfilling.earliest();
  for (auto& [job, entry] : waiting) {
    bool const nowhere = !entry.of->pinned() && entry.of->hosts.empty();
    if (nowhere || &entry == head || is_capped_above(entry)) continue;
    if (auto const host = backfilling.host_for(entry, shadow)) return {&entry, *host};
  }
  return {};
}

}  // namespace godwit::policy
