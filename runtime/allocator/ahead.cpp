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
  auto& paces = job.element() != 0 ? array_paces[job.array()] : type_paces[record->spec.type];
  auto const [at, fresh] = paces.of.try_emplace(host);
  at->second = fresh ? took : at->second + (took - at->second) / (took > at->second ? 2 : 8);
  quick_paces -= paces.quick.erase(host);
  if (at->second < ahead_work) quick_paces += paces.quick.insert(host).second ? 1 : 0;
}

void Allocator::Core::forget_if_over(JobId array) {
  note_over(array);
  auto const* record = ledger.array(array);
  auto const at = record == nullptr || record->counts.live() > 0 ? array_paces.end() : array_paces.find(array);
  if (at == array_paces.end()) return;
  quick_paces -= at->second.quick.size();
  array_paces.erase(at);
}

// Of jobs like this one; none: nothing is known.
Paces const* Allocator::Core::paces_of(JobId job) const {
  if (job.element() != 0) {
    auto const at = array_paces.find(job.array());
    return at == array_paces.end() ? nullptr : &at->second;
  }
  auto const at = type_paces.find(record_of(job)->spec.type);
  return at == type_paces.end() ? nullptr : &at->second;
}

// How many jobs of that pace the host may have beyond its slots.
std::int32_t Allocator::Core::room_ahead(HostEntry const& host, Duration pace) const {
  if (host.managed || host.presence != Presence::alive || pace >= ahead_work) return 0;
  return static_cast<std::int32_t>(
      std::min(ahead_max, host.hello.has.cores * ahead_work.count() / std::max(pace, pace_min).count()));
}

void Allocator::Core::grant_ahead() {
  if (quick_paces == 0 && settings.hosts_per_manager == 0) return;
  for (bool granted = true; granted;) {
    granted = false;
    for (auto const job : scheduler.heads()) {
      if (auto const group = group_ahead(job)) {
        grant_to_group(job, *group);
        granted = true;
        break;
      }
      auto const host = host_ahead(job);
      if (!host) continue;
      grant(job, *host, std::nullopt);
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
  auto const* paces = paces_of(job);
  if (paces == nullptr || (pin == no_rank && !spare.empty())) return std::nullopt;
  std::vector<policy::HostLoad> loads;
  for (auto const rank : paces->quick) {
    auto const& host = hosts.at(rank);
    if (!host.open || (pin != no_rank && pin != rank)) continue;
    auto const slots = host.hello.has.cores + room_ahead(host, paces->of.find(rank)->second);
    loads.push_back({rank, slots, static_cast<std::int32_t>(host.occupants.size())});
  }
  return policy::place_job(loads);
}

}  // namespace godwit::allocator
