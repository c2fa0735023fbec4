// So that no request starves behind smaller ones: a host is kept for one that was passed over for too long.
#include <algorithm>

#include "base/mutation.hpp"
#include "policy/scheduler_state.hpp"

namespace godwit::policy {

// Of each class one at a time: the next is marked when this one has been served.
void Scheduler::State::pass_over(Entry& entry) {
  auto& one = *entry.of;
  if (!one.passed && is_possible(one)) one.passed = PassedOver{.entry = &entry, .since = now};
}

void Scheduler::State::forget(Entry const& entry) {
  auto& passed = entry.of->passed;
  if (!passed || passed->entry != &entry) return;
  cancel_reservation(*passed);
  passed.reset();
}

void Scheduler::State::cancel_reservation(PassedOver& passed) {
  if (passed.reserved) reserved.erase(*passed.reserved);
  passed.reserved.reset();
}

// Who is ahead may go on using a reserved host, but not for ever: else it might never be empty enough.
bool Scheduler::State::may_take(Entry const& entry, Rank rank) const {
  auto const kept = reserved.find(rank);
  if (kept == reserved.end() || kept->second == &entry) return true;
  if (now - kept->second->of->passed->reserved_since >= tuning.patience) return false;
  return before(entry, *kept->second);
}

// After each of so many intervals. Once nothing comes of one, nothing will before another's patience is at an end.
void Scheduler::State::reserve(Instant first, std::int64_t count) {
  for (std::int64_t passed = 0; passed < count;) {
    now = first + tuning.interval * passed++;
    if (reserve() || passed == count) continue;
    auto const left = patience_left();
    if (!left) return;
    passed += (*left - 1ns) / tuning.interval;
  }
}

// Says whether any has changed.
bool Scheduler::State::reserve() {
  bool any = false;
  for (auto* one : tracked) {
    if (!one->passed) continue;
    auto& passed = *one->passed;
    bool const capped = is_capped_above(*passed.entry);
    any = any || (capped && passed.reserved);
    if (capped) cancel_reservation(passed);
    if (mutated(Mutation::reserve_nothing)) continue;
    if (passed.reserved || now - passed.since < tuning.patience || capped) continue;
    passed.reserved = host_to_reserve(*passed.entry);
    if (!passed.reserved) continue;
    passed.reserved_since = now;
    reserved[*passed.reserved] = passed.entry;
    any = true;
  }
  return any;
}

// Of whom it is at an end next; none: of nobody who still has any.
std::optional<Duration> Scheduler::State::patience_left() const {
  std::optional<Duration> least;
  for (auto const* one : tracked) {
    if (!one->passed) continue;
    auto const left = tuning.patience - (now - one->passed->since);
    if (left > 0s && (!least || left < *least)) least = left;
  }
  return least;
}

// How many of the host's jobs, the largest first, have to go until it fits; none: not even then.
std::optional<int> Scheduler::State::jobs_in_the_way(Demand const& demand, Host const& host) const {
  std::vector<std::pair<std::int32_t, JobId>> jobs;
  for (auto const job : host.jobs) jobs.emplace_back(-running.at(job).of->demand.cores, job);
  std::ranges::sort(jobs);
  auto room = host.room;
  int gone = 0;
  for (auto const& [cores, job] : jobs) {
    if (room.fits(demand)) return gone;
    room.give_back(running.at(job).of->demand);
    ++gone;
  }
  if (room.fits(demand)) return gone;
  return std::nullopt;
}

std::optional<Rank> Scheduler::State::host_to_reserve(Entry const& entry) const {
  auto const& demand = entry.of->demand;
  auto const group = together.find(demand.together);
  std::optional<Rank> best;
  int fewest = 0;
  for (auto const& [rank, host] : hosts) {
    bool const wrong = entry.of->pinned() && rank != demand.host;
    bool const away = group != together.end() && !group->second.contains(rank);
    if (wrong || away || !host.open || reserved.contains(rank) || host.room.never(demand)) continue;
    auto const gone = jobs_in_the_way(demand, host);
    if (!gone || (best && *gone >= fewest)) continue;
    best = rank;
    fewest = *gone;
  }
  return best;
}

}  // namespace godwit::policy
