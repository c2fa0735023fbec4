// Jobs that have been over for long are forgotten, so that ledger and memory don't grow with all that ever ran. Never one that
// somebody waits for, that another begins from, or about which something is open. Its files stay where they are.
#include <algorithm>

#include "allocator/core.hpp"

namespace godwit::allocator {

namespace {

constexpr std::size_t looked_at_max = 256;  // at once
constexpr Duration between_looks = 1s;

}  // namespace

// A single job, or an array if all of it is.
void Allocator::Core::note_over(JobId job) {
  auto const* array = ledger.array(job);
  auto const* record = array == nullptr ? record_of(job) : nullptr;
  if (array == nullptr && record == nullptr) return;
  bool const ended = array != nullptr ? array->counts.live() == 0 : is_ended(record->state);
  if (!ended) return;
  no_longer_over(job);
  auto const since = array != nullptr ? array->ended : record->ended;
  past_since[job] = since;
  past.emplace_hint(past.end(), since, job);
}

void Allocator::Core::no_longer_over(JobId job) {
  auto const at = past_since.find(job);
  if (at == past_since.end()) return;
  past.erase({at->second, job});
  past_since.erase(job);
}

bool Allocator::Core::may_be_forgotten(JobId job) const {
  auto const any_of = [job](auto const& map) {
    auto const at = map.lower_bound(job);
    return at != map.end() && at->first.array() == job;
  };
  if (watchers.contains(job) || dependents.contains(job) || any_of(desks) || any_of(prunings) || any_of(clones)) return false;
  if (auto const at = departures.lower_bound({job, Epoch{}}); at != departures.end() && at->first.first.array() == job) return false;
  if (std::ranges::any_of(restarts, [job](auto const& one) { return one.second.second.of.array() == job; })) return false;
  for (auto at = heirs.lower_bound(job); at != heirs.end() && at->first.array() == job; ++at) {
    if (!pinned_of(at->first).empty()) return false;
  }
  return true;
}

// A few at a time. Who can't be forgotten yet is looked at again after all others.
void Allocator::Core::forget_old() {
  auto const age = settings.history_age;
  auto const most = settings.history_jobs;
  auto const is_due = [&](WallTime since) {
    return (most > 0 && past.size() > most) || (age > Duration{0} && wall.unix_ns - since.unix_ns > age.count());
  };
  bool const hurry = most > 0 && past.size() > most + most / 16 + looked_at_max;
  if (shutdown.broken || past.empty() || (now < forget_due && !hurry)) return;
  forget_due = now + between_looks;
  std::vector<JobId> gone;
  for (std::size_t looked = 0; looked < looked_at_max && !past.empty() && is_due(past.begin()->first); ++looked) {
    auto const job = past.begin()->second;
    no_longer_over(job);
    if (may_be_forgotten(job)) {
      gone.push_back(job);
      continue;
    }
    past_since[job] = wall;
    past.emplace(wall, job);
  }
  if (gone.empty()) return;
  if (gone.size() == looked_at_max) forget_due = now;  // there may be more
  for (auto const job : gone) forget_traces(job);
  journal(log::Forgotten{std::move(gone), age > Duration{0} ? WallTime{wall.unix_ns - age.count()} : WallTime{}, wall});
}

void Allocator::Core::forget_traces(JobId job) {
  auto const* record = record_of(job);
  if (record != nullptr && record->clone_of != JobId{}) {  // of others the ledger keeps the name
    if (auto const at = names.find(record->spec.name); at != names.end() && at->second == job) names.erase(at);
  }
  if (record != nullptr && record->origin) {
    if (auto const at = heirs.find(record->origin->job); at != heirs.end() && at->second.erase(job) > 0 && at->second.empty()) heirs.erase(at);
  }
  heirs.erase(heirs.lower_bound(job), heirs.lower_bound(job.next()));
  tight.erase(tight.lower_bound(job), tight.lower_bound(job.next()));
  reports.erase(job);
  noted.erase(job);
  array_times.erase(job);
}

}  // namespace godwit::allocator
