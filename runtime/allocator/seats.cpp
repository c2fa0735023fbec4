// Seats: what the scheduler is told of jobs and hosts. The ledger says who waits and who is where; after each change
// of it the scheduler's lines and rooms follow. Of an array only the first untouched element stands in line.
#include <algorithm>

#include "allocator/core.hpp"
#include "base/mutation.hpp"

namespace godwit::allocator {

namespace {

policy::Request request_of(JobId job, JobSpec const& spec, Rank last = no_rank, Rank copy_at = no_rank) {
  return {job, account_of(spec), demand_of(spec), spec.priority, spec.time_limit, last, copy_at};
}

}  // namespace

std::string account_of(JobSpec const& spec) {
  return spec.account.empty() ? "nobody" : spec.account;
}

// Of an element that has no record of its own: the array's, its arguments not filled in.
JobSpec const& Allocator::Core::spec_of(JobId job) const {
  auto const* record = record_of(job);
  return record != nullptr ? record->spec : ledger.array(job)->work->spec;
}

// Brings the indexes in line with the ledger. What has ended has no seat.
void Allocator::Core::reseat(JobId job) {
  auto const* record = record_of(job);
  bool const over = record == nullptr || is_ended(record->state);
  Seat seat;
  if (!over) {
    seat.waits = record->state == JobState::waiting && !leased.contains(job) && !blocked.contains(job.array());
    if (record->state != JobState::stranded) seat.host = record->at_group ? group_seat(job) : record->host;
    if (record->intent) seat.target = record->intent->target;
  }
  auto const place = over ? seats.find(job) : seats.try_emplace(job).first;
  if (place == seats.end()) return;
  auto const old = std::exchange(place->second, seat);
  if (over) seats.erase(place);
  if (old.waits && !seat.waits) scheduler.leave(job);
  for (auto const host : {old.host, old.target}) {
    if (host != seat.host && host != seat.target) vacate(job, host);
  }
  for (auto const host : {seat.host, seat.target}) {
    if (host != old.host && host != old.target) occupy(*record, host);
  }
  if (seat.waits && !old.waits) {
    auto const copy = copy_of(job);
    scheduler.wait(request_of(job, record->spec, old.host, copy ? copy->keeper : no_rank));
  }
}

void Allocator::Core::occupy(JobRecord const& record, Rank host) {
  auto const at = hosts.find(host);
  if (at == hosts.end() || !at->second.occupants.insert(record.job).second) return;
  note_spare(host);
  scheduler.occupy(request_of(record.job, record.spec), host, now);
}

void Allocator::Core::vacate(JobId job, Rank host) {
  auto const at = hosts.find(host);
  if (at == hosts.end() || at->second.occupants.erase(job) == 0) return;
  note_spare(host);
  scheduler.release(job, host);
}

// The first of an array's untouched elements stands in line for them all.
void Allocator::Core::line_up(JobId array) {
  auto const& record = *ledger.array(array);
  leave_line(array);
  if (record.untouched.empty() || blocked.contains(array)) return;
  auto const head = JobId::of_element(array.number(), record.untouched.front());
  scheduler.wait(request_of(head, record.work->spec));
  heads[array] = head;
}

void Allocator::Core::leave_line(JobId array) {
  auto const at = heads.find(array);
  if (at == heads.end()) return;
  scheduler.leave(at->second);
  heads.erase(at);
}

// What it said of itself.
void Allocator::Core::describe(Rank rank, msg::Hello const& hello) {
  hosts.at(rank).hello = hello;
  auto const& labels = hello.has.labels;
  bool const stands_by = std::ranges::find(labels, "standby") != labels.end();
  stands_by ? void(standbys.insert(rank)) : void(standbys.erase(rank));
  hello.has.cores > 0 ? void(undescribed.erase(rank)) : void(undescribed.insert(rank));
}

void Allocator::Core::note_spare(Rank rank) {
  auto const& host = hosts.at(rank);
  bool const has_some = host.open && static_cast<std::int32_t>(host.occupants.size()) < host.hello.has.cores;
  has_some ? void(spare.insert(rank)) : void(spare.erase(rank));
}

// Does it take new jobs? Whoever changes what this rests on says so to the scheduler.
bool Allocator::Core::is_open(Rank rank) const {
  auto const& host = hosts.at(rank);
  bool const unheard = host.awaited && mutated(Mutation::grant_before_holdings);
  bool const there = host.presence == Presence::alive || unheard ||
                     (host.presence == Presence::dead && mutated(Mutation::grant_to_the_dead));
  if (!there || (ledger.is_drained(rank) && !mutated(Mutation::grant_to_the_drained))) return false;
  return !is_standby(rank) || lacks_a_host();
}

bool Allocator::Core::is_standby(Rank rank) const {
  return standbys.contains(rank);
}

// One that would take jobs is lost, or drained.
bool Allocator::Core::lacks_a_host() const {
  return !missing.empty();
}

void Allocator::Core::tell_scheduler(Rank changed) {
  partners_due = true;
  groups_due = now;
  auto const tell = [this](Rank rank) {
    auto& host = hosts.at(rank);
    auto has = host.hello.has;
    host.open = is_open(rank);
    note_spare(rank);
    if (host.presence == Presence::dead && !host.open) has = {};  // nothing will ever fit there
    if (host.awaited && mutated(Mutation::grant_before_holdings)) has.cores = 64;
    scheduler.set_host(rank, has, host.open);
  };
  bool const lacked = lacks_a_host();
  bool const gone = hosts.at(changed).presence == Presence::dead || ledger.is_drained(changed);
  gone && !is_standby(changed) ? void(missing.insert(changed)) : void(missing.erase(changed));
  tell(changed);
  if (lacks_a_host() == lacked) return;
  for (auto const rank : standbys) {
    if (rank != changed) tell(rank);
  }
}

}  // namespace godwit::allocator
