// Grants ahead: a host whose jobs are short is given more of them than it has slots, so that none of its
// slots idles while the next grant is on its way. Only as much as it is seen to do in 100 ms, which is longer
// than a grant takes to become durable, and never while another host has a slot to spare: those that are
// granted stay where they are.
#include <algorithm>

#include "allocator/core.hpp"

namespace godwit::allocator {

namespace {

constexpr Duration ahead_work = 100ms;
constexpr Duration pace_min = 10us;
constexpr std::int64_t ahead_max = 256;

}  // namespace

// From its grant to its end a job saw the others before it leave too: the time is shared among the
// slots' worth of jobs that the host had. What hiccups rises fast, and falls slowly.
void Allocator::Core::keep_pace(JobId job, Rank host) {
  auto const mark = marks.find(job);
  auto const* record = record_of(job);
  if (mark == marks.end() || record == nullptr || record->moves > 0 || record->suspended) return;
  auto& entry = hosts.at(host);
  auto const slots = std::max(entry.hello.has.cores, 1);
  auto const took = (now - mark->second.at) * slots / std::max(slots, mark->second.occupants);
  auto const learn = [&](auto& paces, auto const& key) {
    auto const [at, fresh] = paces.try_emplace(key, took);
    if (!fresh) at->second += (took - at->second) / (took > at->second ? 2 : 8);
  };
  if (job.element() != 0) {
    learn(entry.array_pace, job.array());
  } else {
    learn(entry.type_pace, record->spec.type);
  }
}

// How many jobs like this one the host may have beyond its slots.
std::int32_t Allocator::Core::room_ahead(HostEntry const& host, JobId job) const {
  std::optional<Duration> pace;
  if (job.element() != 0) {
    auto const at = host.array_pace.find(job.array());
    if (at != host.array_pace.end()) pace = at->second;
  } else {
    auto const at = host.type_pace.find(record_of(job)->spec.type);
    if (at != host.type_pace.end()) pace = at->second;
  }
  if (host.presence != Presence::alive || !pace || *pace >= ahead_work) return 0;
  return static_cast<std::int32_t>(
      std::min(ahead_max, host.hello.has.cores * ahead_work.count() / std::max(*pace, pace_min).count()));
}

void Allocator::Core::grant_ahead() {
  for (bool granted = true; granted;) {
    granted = false;
    for (auto const job : scheduler.heads()) {
      auto const host = host_ahead(job);
      if (!host) continue;
      grant(job, *host);
      granted = true;
      break;
    }
  }
}

// Among hosts without a core to spare, the one that is done first with what it has. For jobs of one core that need
// nothing else of a host: all others wait until there is room.
std::optional<Rank> Allocator::Core::host_ahead(JobId job) const {
  auto const& spec = spec_of(job);
  auto demand = demand_of(spec);
  auto const pin = std::exchange(demand.host, no_rank);
  if (demand != Demand{}) return std::nullopt;
  std::vector<policy::HostLoad> loads;
  for (auto const& [rank, host] : hosts) {
    if (!is_open(rank) || (pin != no_rank && pin != rank)) continue;
    auto const jobs = static_cast<std::int32_t>(host.occupants.size());
    if (jobs < host.hello.has.cores && pin == no_rank) return std::nullopt;
    if (auto const room = room_ahead(host, job); jobs < host.hello.has.cores + room)
      loads.push_back({rank, host.hello.has.cores + room, jobs});
  }
  return policy::place_job(loads);
}

}  // namespace godwit::allocator
