// The hosts, and what is there.
#include <algorithm>

#include "base/panic.hpp"
#include "policy/scheduler_state.hpp"

namespace godwit::policy {

void Scheduler::State::set_host(Rank rank, Capabilities const& has, bool open) {
  auto const [at, fresh] = hosts.try_emplace(rank);
  auto& host = at->second;
  auto const index = static_cast<std::size_t>(rank.value);
  if (by_rank.size() <= index) by_rank.resize(index + 1);
  by_rank[index] = &host;
  if (!fresh && host.open == open && host.room.has() == has) return;
  host.place.host = rank;
  host.room.replace(has);
  host.open = open;
  refit(host);
  note_capacity(rank);
  possibilities_changed();
  if (auto const kept = reserved.find(rank); kept != reserved.end() && !open) {
    cancel_reservation(*kept->second->of->passed);
  }
}

void Scheduler::State::remove_host(Rank rank) {
  auto const at = hosts.find(rank);
  if (at == hosts.end()) return;
  for (auto const job : std::vector(at->second.jobs)) release(job, rank);
  at->second.open = false;
  refit(at->second);
  if (auto const kept = reserved.find(rank); kept != reserved.end())
    cancel_reservation(*kept->second->of->passed);
  by_rank[static_cast<std::size_t>(rank.value)] = nullptr;
  hosts.erase(at);
  capacity.erase(rank);
  capacity_changed = true;
  possibilities_changed();
}

// A host that takes no new jobs is worth what is there.
void Scheduler::State::note_capacity(Rank rank) {
  auto const& host = hosts.at(rank);
  auto const cores =
      host.open ? host.room.has().cores : std::min(host.room.taken_cores(), host.room.has().cores);
  auto& known = capacity[rank];
  capacity_changed = capacity_changed || known != cores;
  known = cores;
}

void Scheduler::State::occupy(Request const& request, Rank rank, Instant since) {
  invariant(host_at(rank) != nullptr, "a job takes room on a host that is there");
  auto& host = *host_at(rank);
  auto const place = std::ranges::lower_bound(host.jobs, request.job);
  if (place != host.jobs.end() && *place == request.job) return;
  host.jobs.insert(place, request.job);
  auto const account = account_of(request.account);
  auto const [found, fresh] = running.try_emplace(request.job);
  auto& one = found->second;
  if (fresh) {
    one.account = account;
    one.of = &class_of(request.demand);
    one.estimate = request.estimate;
    ++one.of->running;
    ++placements;
    for (auto node = one.account;; node = tree[node].parent) {
      tree[node].standing.served = placements;
      if (node == root) break;
    }
  }
  host.room.take(one.of->demand);
  if (!one.of->demand.together.empty()) ++together[one.of->demand.together][rank];
  refit(host);
  if (!host.open) note_capacity(rank);
  if (!fresh) return one.further.push_back({rank, since});
  one.stay = {rank, since};
  charge(request.job, one, +1);
}

void Scheduler::State::release(JobId job, Rank rank) {
  auto const at = running.find(job);
  if (at == running.end()) return;
  auto& one = at->second;
  auto const further = std::ranges::find(one.further, rank, &Running::Stay::host);
  if (one.stay.host != rank && further == one.further.end()) return;
  stays(job);
  give_back(job, one.of->demand, rank);
  if (one.stay.host != rank) {
    one.further.erase(further);
    return;
  }
  charge(job, one, -1);
  if (!one.further.empty()) {
    one.stay = one.further.front();
    one.further.erase(one.further.begin());
    return charge(job, one, +1);
  }
  auto& of = *one.of;
  running.erase(at);
  --of.running;
  may_be_idle(of);
}

void Scheduler::State::give_back(JobId job, Demand const& demand, Rank rank) {
  auto& host = *host_at(rank);
  host.jobs.erase(std::ranges::lower_bound(host.jobs, job));
  host.room.give_back(demand);
  if (!demand.together.empty()) {
    auto& places = together[demand.together];
    if (--places[rank] == 0) places.erase(rank);
    if (places.empty()) together.erase(demand.together);
  }
  refit(host);
  if (!host.open) note_capacity(rank);
}

// Whose host it is, and the groups above its owner, it costs nothing.
void Scheduler::State::charge(JobId job, Running const& one, std::int64_t sign) {
  auto const& stay = one.stay;
  auto const owner = tree.owner(stay.host);
  auto const millicores = sign * std::int64_t{one.of->demand.cores} * 1000;
  for (auto node = one.account;; node = tree[node].parent) {
    auto& standing = tree[node].standing;
    standing.running_millicores += millicores;
    if (!owner || !tree.is_within(*owner, node)) standing.charged_millicores += millicores;
    if (sign > 0) nodes[node].none_before = std::min(nodes[node].none_before, stay.since);
    if (node == root) break;
  }
  auto& jobs = nodes[one.account].jobs;
  if (sign > 0) {
    jobs.insert(stay.since, job);
  } else {
    jobs.erase(stay.since, job);
  }
  path_changed(one.account, nullptr);
}

}  // namespace godwit::policy
