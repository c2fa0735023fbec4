#include "base/mutation.hpp"
#include "ledger/ledger.hpp"
#include "ledger/refusal.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace godwit {

namespace {

constexpr std::size_t decisions_max = 8;  // of a job

bool runs(JobRecord const& record) {
  return record.state == JobState::running || record.state == JobState::suspended;
}

}  // namespace

Status Ledger::apply(LedgerEvent const& event) {
  return std::visit(
      [this](auto const& held) {
        auto folded = fold(held);
        if constexpr (requires { held.at; }) {
          if (folded) {
            if constexpr (!std::is_same_v<decltype(held), log::WorldBegan const&>) pass_time(held.at);  // there was none before it
            newest_ = std::max(newest_, held.at);
          }
        }
        return folded;
      },
      event);
}

Result<JobRecord*> Ledger::live(char const* event, JobId job, Epoch epoch) {
  auto const at = jobs_.find(job);
  if (at == jobs_.end()) return refused(event, job, absence(job));
  auto& record = at->second;
  if (is_ended(record.state)) return refused(event, job, "it has ended");
  if (epoch != record.epoch) {
    return refused(event, job, fmt::format("epoch {}, but custody is at {}", epoch, record.epoch));
  }
  return &record;
}

std::string Ledger::absence(JobId job) const {
  auto const known = state(job);
  return known ? fmt::format("it is {}", to_string(*known)) : "no such job";
}

ArrayRecord* Ledger::array_of(JobId job) {
  auto const at = arrays_.find(job.array());
  return at == arrays_.end() ? nullptr : &at->second;
}

JobRecord& Ledger::materialise(JobId job) {
  if (auto const at = jobs_.find(job); at != jobs_.end()) return at->second;
  auto known = record(job);
  invariant(known.has_value(), "a record of an element that doesn't exist");
  auto& array = *array_of(job);
  array.untouched.erase(job.element());
  array.finished.erase(job.element());
  return jobs_.try_emplace(job, std::move(*known)).first->second;
}

void Ledger::become(JobRecord& record, JobState state) {
  --counts_.of(record.state);
  ++counts_.of(state);
  if (record.job.element() != 0) {
    auto& counts = array_of(record.job)->counts;
    --counts.of(record.state);
    ++counts.of(state);
  }
  record.state = state;
}

void Ledger::charge(JobRecord& record, WallTime until) {
  if (!record.runs_since) return;
  usage_.charge(record.spec.account, record.spec.cores, until.unix_ns - record.runs_since->unix_ns);
  record.runs_since.reset();
}

void Ledger::release(JobRecord& record, WallTime at) {
  charge(record, at);
  become(record, JobState::waiting);
  record.host = no_rank;
  record.at_group = false;
  record.intent.reset();
}

void Ledger::go_on(JobRecord& record) {
  if (!mutated(Mutation::keep_intent)) record.intent.reset();
  become(record, is_lost(record.host) ? JobState::stranded
                 : record.suspended   ? JobState::suspended
                                      : JobState::running);
  if (record.state == JobState::stranded) free_if_fenced(record, newest_);
}

bool Ledger::may_still_write(Rank host) const {
  auto const at = lost_.find(host);
  return at != lost_.end() && !at->second.proven && !mutated(Mutation::keep_files);
}

bool Ledger::free_if_fenced(JobRecord& record, WallTime at) {
  auto const& intent = record.intent;
  bool const target_too = !intent || is_fenced(intent->target) || mutated(Mutation::one_fence_for_two);
  if (!is_fenced(record.host) || !target_too) return false;
  if (may_still_write(record.host) || (intent && may_still_write(intent->target))) record.fresh_files = true;
  if (!mutated(Mutation::never_hold)) ++record.host_losses;
  release(record, at);
  auto const limit = record.spec.host_loss_limit;
  if (limit > 0 && record.host_losses >= static_cast<std::uint32_t>(limit)) become(record, JobState::held);
  return true;
}

void Ledger::close_if_over(ArrayRecord& array, WallTime at) {
  if (array.counts.live() == 0) array.ended = at;
}

Status Ledger::fold(log::Released const& event) {
  auto const at = jobs_.find(event.job);
  if (at == jobs_.end() || at->second.state != JobState::held) {
    return refused("Released", event.job, at == jobs_.end() ? absence(event.job) : "it isn't held");
  }
  at->second.host_losses = 0;
  become(at->second, JobState::waiting);
  return Done{};
}

Status Ledger::fold(log::Submitted const& event) {
  if (event.job < next_job_) return refused("Submitted", event.job, "its number has been given already");
  if (event.job.element() != 0) return refused("Submitted", event.job, "an element can't be submitted");
  auto const size = event.work.size();
  if (size == 0 || size > elements_max) {
    return refused("Submitted", event.job, fmt::format("an array of {} elements", size));
  }
  if (event.work.is_array()) {
    ArrayRecord array;
    array.job = event.job;
    array.work = std::make_shared<JobArray const>(event.work);
    array.size = static_cast<std::uint32_t>(size);
    array.submitted = event.at;
    array.counts.waiting = size;
    array.untouched.insert(1, array.size);
    arrays_.try_emplace(event.job, std::move(array));
  } else {
    JobRecord record;
    record.job = event.job;
    record.spec = event.work.spec;
    record.submitted = event.at;
    jobs_.try_emplace(event.job, std::move(record));
  }
  counts_.waiting += size;
  next_job_ = event.job.next();
  return Done{};
}

Status Ledger::fold(log::Cloned const& event) {
  if (event.job < next_job_) return refused("Cloned", event.job, "its number has been given already");
  if (event.job.element() != 0) return refused("Cloned", event.job, "a clone is no element");
  if (!state(event.of)) return refused("Cloned", event.job, fmt::format("there is no job {}", event.of));
  JobRecord record;
  record.job = event.job;
  record.spec = event.spec;
  record.clone_of = event.of;
  record.origin = event.image;
  record.suspended = event.suspended;
  record.submitted = event.at;
  jobs_.try_emplace(event.job, std::move(record));
  ++counts_.waiting;
  next_job_ = event.job.next();
  return Done{};
}

Status Ledger::grant(char const* event, log::Granted const& grant, bool to_group) {
  auto const job = grant.job;
  auto const epoch = grant.epoch;
  auto const host = grant.host;
  auto const at = jobs_.find(job);
  auto const state = at != jobs_.end() ? at->second.state : this->state(job);
  if (!state) return refused(event, job, "no such job");
  if (*state != JobState::waiting && !mutated(Mutation::grant_what_runs)) {
    return refused(event, job, fmt::format("it is {}", to_string(*state)));
  }
  if (auto const newest = at != jobs_.end() ? at->second.newest_epoch : Epoch{}; epoch <= newest && !mutated(Mutation::grant_an_old_epoch)) {
    return refused(event, job, fmt::format("epoch {} is not newer than {}", epoch, newest));
  }
  if (is_lost(host)) return refused(event, job, fmt::format("host {} is dead", host));
  auto& record = at != jobs_.end() ? at->second : materialise(job);
  become(record, JobState::starting);
  record.host = host;
  record.at_group = to_group;
  record.epoch = record.newest_epoch = record.granted = epoch;
  record.void_epochs.clear();
  record.placing = grant.why;
  record.placed = grant.why ? host : no_rank;
  return Done{};
}

Status Ledger::fold(log::Granted const& event) { return grant("Granted", event, false); }

Status Ledger::fold(log::GrantedToGroup const& event) {
  return grant("GrantedToGroup", {event.job, event.epoch, event.manager, event.at}, true);
}

Status Ledger::fold(log::HandedOn const& event) {
  auto const found = live("HandedOn", event.job, event.epoch);
  if (!found) return found.failure();
  auto& record = **found;
  if (!record.at_group) return refused("HandedOn", event.job, "it isn't at a group");
  record.at_group = false;
  if (event.host == no_rank) {
    release(record, event.at);
    return Done{};
  }
  record.host = event.host;
  if (!is_lost(event.host)) return Done{};
  become(record, JobState::stranded);
  free_if_fenced(record, event.at);
  return Done{};
}

Status Ledger::fold(log::Started const& event) {
  auto const found = live("Started", event.job, event.epoch);
  if (!found) return found.failure();
  auto& record = **found;
  if (record.state != JobState::starting || record.at_group) {
    return refused("Started", event.job,
                   record.at_group ? "it is at a group" : fmt::format("it is {}", to_string(record.state)));
  }
  auto adopted = record.lineage.end();
  if (event.from) {
    adopted = std::ranges::find(record.lineage, *event.from);
    if (adopted == record.lineage.end()) {
      return refused("Started", event.job, "the image it began from is not in its lineage");
    }
  }
  record.lineage.erase(record.lineage.begin(), adopted);
  if (std::exchange(record.as_its_image, false)) record.suspended = event.suspended;
  record.fresh_files = false;  // it has files of its own by now
  if (record.started == WallTime{}) record.started = event.at;
  record.runs_since = event.at;
  if (auto* array = array_of(event.job); array != nullptr && array->started == WallTime{}) {
    array->started = event.at;
  }
  go_on(record);
  return Done{};
}

Status Ledger::fold(log::Intent const& event) {
  auto const at = jobs_.find(event.job);
  if (at == jobs_.end()) return refused("Intent", event.job, absence(event.job));
  auto& record = at->second;
  if (!runs(record)) return refused("Intent", event.job, fmt::format("it is {}", to_string(record.state)));
  if (event.source != record.host || event.target == event.source) {
    return refused("Intent", event.job,
                   fmt::format("from {} to {}, but it is on {}", event.source, event.target, record.host));
  }
  if (event.target_epoch <= record.newest_epoch || event.thaw_epoch <= event.target_epoch) {
    return refused(
        "Intent", event.job,
        fmt::format("epochs {} and {} after {}", event.target_epoch, event.thaw_epoch, record.newest_epoch));
  }
  if (is_lost(event.target))
    return refused("Intent", event.job, fmt::format("host {} is dead", event.target));
  record.intent = OpenIntent{event.source, event.target, event.target_epoch, event.thaw_epoch};
  record.newest_epoch = event.thaw_epoch;
  become(record, JobState::migrating);
  return Done{};
}

Status Ledger::fold(log::Moved const& event) {
  auto const at = jobs_.find(event.job);
  if (at == jobs_.end()) return refused("Moved", event.job, absence(event.job));
  auto& record = at->second;
  if (!record.intent || record.intent->target_epoch != event.epoch || record.intent->target != event.host) {
    return refused("Moved", event.job,
                   fmt::format("no move to host {} at epoch {} is open", event.host, event.epoch));
  }
  record.host = event.host;
  record.epoch = event.epoch;
  record.host_losses = 0;
  ++record.moves;
  go_on(record);
  return Done{};
}

Status Ledger::fold(log::Stayed const& event) {
  auto const at = jobs_.find(event.job);
  if (at == jobs_.end()) return refused("Stayed", event.job, absence(event.job));
  auto& record = at->second;
  if (!record.intent || record.intent->thaw_epoch != event.epoch) {
    return refused("Stayed", event.job, fmt::format("no move that thaws at epoch {} is open", event.epoch));
  }
  record.epoch = event.epoch;
  record.void_epochs.push_back(record.intent->target_epoch);
  if (may_still_write(record.intent->target)) record.fresh_files = true;  // the job may have run there
  go_on(record);
  return Done{};
}

Status Ledger::fold(log::Checkpointed const& event) {
  if (!extends_lineage(event.job, event.image)) {
    return refused(
        "Checkpointed", event.job,
        fmt::format("image {}-{} is not of its lineage", event.image.epoch, event.image.generation));
  }
  auto& record = materialise(event.job);
  record.stored_bytes += event.bytes;
  stored_bytes_ += event.bytes;
  auto& lineage = record.lineage;
  lineage.insert(std::ranges::lower_bound(lineage, event.image, std::greater{}), event.image);
  return Done{};
}

Status Ledger::fold(log::Suspended const& event) {
  auto const found = live("Suspended", event.job, event.epoch);
  if (!found) return found.failure();
  auto& record = **found;
  if (!runs(record)) {
    return refused("Suspended", event.job, fmt::format("it is {}", to_string(record.state)));
  }
  record.suspended = true;
  go_on(record);
  return Done{};
}

Status Ledger::fold(log::Resumed const& event) {
  auto const found = live("Resumed", event.job, event.epoch);
  if (!found) return found.failure();
  auto& record = **found;
  bool const stands_still = record.state == JobState::waiting || record.state == JobState::stranded;
  if (!runs(record) && !(stands_still && record.suspended)) {
    return refused("Resumed", event.job, fmt::format("it is {}", to_string(record.state)));
  }
  record.suspended = false;
  if (!stands_still) go_on(record);
  return Done{};
}

Status Ledger::fold(log::Crashed const& event) {
  auto const found = live("Crashed", event.job, event.epoch);
  if (!found) return found.failure();
  auto& record = **found;
  if (record.host == no_rank) return refused("Crashed", event.job, "nobody runs it");
  ++record.crashes;
  ++exposure_.failures;
  record.host_losses = 0;
  record.outcome = event.outcome;
  release(record, event.at);
  return Done{};
}

Status Ledger::fold(log::Ended const& event) {
  auto const found = live("Ended", event.job, event.epoch);
  if (!found) return found.failure();
  if (event.outcome.ending == Ending::crashed) return refused("Ended", event.job, "a crash is no end");
  auto& record = **found;
  // Of a short job's start and end the allocator may hear at once.
  bool const whole_life = record.epoch == Epoch{1} && record.runs_since;
  auto const began = event.at.unix_ns - event.outcome.running_time.count();
  if (whole_life && began < record.runs_since->unix_ns) record.runs_since = WallTime{began};
  charge(record, event.at);
  become(record, event.outcome.ending == Ending::finished ? JobState::finished
                 : event.outcome.ending == Ending::failed ? JobState::failed
                                                          : JobState::cancelled);
  record.intent.reset();
  record.at_group = false;
  record.outcome = event.outcome;
  record.ended = event.at;
  record.placing.reset();
  record.placed = no_rank;
  auto* array = array_of(event.job);
  if (array == nullptr) return Done{};
  close_if_over(*array, event.at);
  if (FinishedElements::fits(record)) {
    array->finished.insert(record);
    jobs_.erase(event.job);
  }
  return Done{};
}

Status Ledger::fold(log::Parked const& event) {
  auto const found = live("Parked", event.job, event.epoch);
  if (!found) return found.failure();
  auto& record = **found;
  if (record.host == no_rank) return refused("Parked", event.job, "nobody runs it");
  if (record.state == JobState::stranded) return refused("Parked", event.job, "its host may still run it");
  record.host_losses = 0;
  release(record, event.at);
  return Done{};
}

Status Ledger::fold(log::ElementsCancelled const& event) {
  auto* array = array_of(event.array);
  if (array == nullptr || array->job != event.array) {
    return refused("ElementsCancelled", event.array, "no such array");
  }
  Intervals all;
  for (auto const& [first, last] : event.runs) {
    if (first > last || !array->untouched.contains(first, last) || !all.within(first, last).empty()) {
      return refused("ElementsCancelled", event.array, fmt::format("{}..{} don't all wait", first, last));
    }
    all.insert(first, last);
  }
  for (auto const& [first, last] : event.runs) {
    array->untouched.erase(first, last);
    array->cancelled.emplace(first, ArrayRecord::Cancelled{last, event.reason, event.at});
  }
  for (auto* counts : {&array->counts, &counts_}) {
    counts->waiting -= all.size();
    counts->cancelled += all.size();
  }
  close_if_over(*array, event.at);
  return Done{};
}

Status Ledger::fold(log::Decided const& event) {
  if (!state(event.job)) return refused("Decided", event.job, "no such job");
  auto& decisions = decisions_[event.job];
  if (decisions.size() == decisions_max) decisions.erase(decisions.begin());
  decisions.push_back({event.at, event.what});
  return Done{};
}

}  // namespace godwit
