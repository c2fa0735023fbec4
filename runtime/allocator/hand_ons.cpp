// Jobs that are granted to a group ahead of room, so that its manager can fill a core without asking: as many as the
// group has cores, or as it is seen to do while it is silent. Only jobs that are soon over and need nothing special of a
// host. Which host has one, that host says; until then the scheduler has it where there should be room by now.
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"

namespace godwit::allocator {

namespace {

constexpr std::int64_t ahead_per_core_max = 256;
constexpr Duration recall_after = 1s;  // a job that waits in a group while others have room

}  // namespace

// How long such jobs run.
void Allocator::Core::learn_time(JobRecord const& record, Outcome const& outcome) {
  if (settings.hosts_per_manager == 0 || record.moves > 0) return;
  auto took = outcome.running_time;
  if (took <= Duration{0} && record.runs_since) took = Duration{wall.unix_ns - record.runs_since->unix_ns};
  auto const learn = [took](auto& times, auto const& key) {
    auto const [at, fresh] = times.try_emplace(key, took);
    if (!fresh) at->second += (took - at->second) / (took > at->second ? 2 : 8);
  };
  record.job.element() != 0 ? learn(array_times, record.job.array()) : learn(type_times, record.spec.type);
}

// Between two of its heart-beats the manager tells of so many ends at once.
void Allocator::Core::keep_group_pace(Rank host) {
  auto* const group = managed_group(host);
  if (group == nullptr || group->manager != host) return;
  group->pace = std::max(std::exchange(group->ended, 0), group->pace * 3 / 4);
}

std::optional<Duration> Allocator::Core::known_time(JobId job) const {
  if (job.element() != 0) {
    auto const at = array_times.find(job.array());
    return at == array_times.end() ? std::nullopt : std::optional(at->second);
  }
  auto const at = type_times.find(spec_of(job).type);
  return at == type_times.end() ? std::nullopt : std::optional(at->second);
}

// After the scheduler has said that nothing that waits may start now: the group that has least in line for its size.
std::optional<std::string> Allocator::Core::group_ahead(JobId job) const {
  if (settings.hosts_per_manager == 0 || !spare.empty() || demand_of(spec_of(job)) != Demand{}) return std::nullopt;
  auto const time = known_time(job);
  if (!time || *time >= settings.group_ahead_max) return std::nullopt;
  std::set<Rank> kept;  // by their managers: a host that is kept for somebody must empty
  for (auto const rank : scheduler.kept()) kept.insert(manager_of(rank));
  std::string const* best = nullptr;
  std::int64_t least = 0;
  for (auto const& [name, group] : groups) {
    auto const queued = static_cast<std::int64_t>(group.queue.size());
    auto const cores = std::int64_t{group.cores};
    if (group.manager == no_rank || group.recalled || kept.contains(group.manager)) continue;
    if (queued >= std::clamp(2 * group.pace, cores, ahead_per_core_max * cores)) continue;
    auto const share = queued * 1'000'000 / cores;
    if (best != nullptr && share >= least) continue;
    best = &name;
    least = share;
  }
  return best == nullptr ? std::nullopt : std::optional(*best);
}

void Allocator::Core::grant_to_group(JobId job, std::string const& name) {
  auto& group = groups.at(name);
  group.queue.push_back(job);
  grouped_jobs[job] = {name, group.manager, now};
  grant(job, group.manager, std::nullopt, true);
}

// Where the scheduler has a job that a group has.
Rank Allocator::Core::group_seat(JobId job) const {
  auto const at = grouped_jobs.find(job);
  return at == grouped_jobs.end() ? no_rank : at->second.seat;
}

// A job is over there: by now the manager has given the host another.
void Allocator::Core::assume_next(Rank host) {
  auto* const group = managed_group(host);
  if (group == nullptr) return;
  ++group->ended;
  if (group->queue.empty() || host == group->manager) return;
  auto const& entry = hosts.at(host);
  if (static_cast<std::int32_t>(entry.occupants.size()) >= entry.hello.has.cores) return;
  auto const job = group->queue.front();
  group->queue.pop_front();
  group->assumed[host].push_back(job);
  grouped_jobs.at(job).seat = host;
  reseat(job);
}

// It isn't anywhere between any more. Where it was assumed to be, another one may be that was assumed to be here.
void Allocator::Core::forget_grouped(JobId job, Rank holder) {
  auto const at = grouped_jobs.find(job);
  if (at == grouped_jobs.end()) return;
  auto const [name, seat, since] = at->second;
  grouped_jobs.erase(at);
  auto const found = groups.find(name);
  if (found == groups.end() || seat == no_rank) return;
  auto& group = found->second;
  bool const was_queued = std::erase(group.queue, job) > 0;
  if (!was_queued) std::erase(group.assumed[seat], job);
  if (holder == seat || holder == no_rank) return;
  auto& here = group.assumed[holder];
  if (here.empty()) return;
  auto const other = here.front();
  here.pop_front();
  was_queued ? group.queue.push_front(other) : group.assumed[seat].push_back(other);
  grouped_jobs.at(other).seat = seat;
  reseat(other);
}

// Of a job that was granted to a group: that host has it. Whoever cancelled it asks there.
void Allocator::Core::learn_holder(JobId job, Epoch epoch, Rank host) {
  auto const* record = record_of(job);
  if (record == nullptr || !record->at_group || record->epoch != epoch) return;
  journal(log::HandedOn{job, epoch, host, wall});
  forget_grouped(job, host);
  reseat(job);
  auto const desk = desks.find(job);
  if (desk != desks.end() && desk->second.open) {
    desk->second.queue.push_front(*std::exchange(desk->second.open, std::nullopt));
    desk->second.request = {};
  }
  to_serve.insert(job);
}

// No host has it, and none will.
void Allocator::Core::waits_again_unseen(JobId job) {
  journal(log::HandedOn{job, record_of(job)->epoch, no_rank, wall});
  forget_grouped(job, no_rank);
  reseat(job);
  to_serve.insert(job);
  auto const desk = desks.find(job);
  if (desk == desks.end() || !desk->second.open) return;
  auto const* report = report_of(job);
  ended(job, {Ending::cancelled, {}, {}, report != nullptr ? report->steps : 0});
}

void Allocator::Core::hear(Rank from, msg::GivenBack const& message) {
  for (auto const& one : message.jobs) {
    auto const* record = record_of(one.job);
    bool const there = record != nullptr && record->at_group && record->host == from && record->epoch == one.epoch;
    if (there) waits_again_unseen(one.job);
  }
  if (auto* const group = managed_group(from)) group->recalled = false;
}

// Nobody knows yet who has it.
bool Allocator::Core::is_in_doubt(JobRecord const& record) const {
  return record.at_group && group_seat(record.job) == no_rank;
}

// While other hosts have room, nothing waits in a group for long.
void Allocator::Core::recall() {
  auto const waits = [this](auto const& one) {
    auto const& queue = one.second.queue;
    return !queue.empty() && now - grouped_jobs.at(queue.front()).since >= recall_after;
  };
  if (std::ranges::none_of(groups, waits)) return;
  auto const kept = scheduler.kept();
  std::int64_t room = 0;
  for (auto const rank : spare) {
    auto const& host = hosts.at(rank);
    if (std::ranges::find(kept, rank) != kept.end()) continue;
    room += std::max<std::int64_t>(host.hello.has.cores - static_cast<std::int64_t>(host.occupants.size()), 0);
  }
  for (auto& entry : groups) {
    auto& group = entry.second;
    if (room == 0) return;
    if (group.manager == no_rank || group.recalled || !waits(entry)) continue;
    auto const count = std::min(room, static_cast<std::int64_t>(group.queue.size()));
    room -= count;
    group.recalled = true;
    send(group.manager, msg::Recall{static_cast<std::uint32_t>(count)});
  }
}

}  // namespace godwit::allocator
