// What had ended begins again, and what of a job's past is left: at its user's word, as its files say, or pruned.
#include <fmt/format.h>

#include <algorithm>

#include "ledger/ledger.hpp"
#include "ledger/refusal.hpp"

namespace godwit {

// Of a host that was lost and isn't fenced nobody knows what it runs: it may have had the job when that was cancelled.
bool Ledger::is_anybody_unfenced() const {
  return std::ranges::any_of(lost_, [](auto const& one) { return !one.second.fenced; });
}

Status Ledger::fold(log::Retried const& event) {
  auto const at = jobs_.find(event.job);
  if (at == jobs_.end()) return refused("Retried", event.job, absence(event.job));
  auto& record = at->second;
  if (record.state != JobState::failed && record.state != JobState::cancelled) {
    return refused("Retried", event.job, fmt::format("it is {}", to_string(record.state)));
  }
  if (is_anybody_unfenced()) return refused("Retried", event.job, "a lost host may still run it");
  bool const unproven = std::ranges::any_of(lost_, [](auto const& one) { return !one.second.proven; });
  if (record.newest_epoch > Epoch{} && (unproven || old_leases_ > Duration{0})) record.fresh_files = true;
  become(record, JobState::waiting);
  record.host = no_rank;
  record.crashes = record.host_losses = 0;
  record.suspended = record.as_its_image = false;
  record.outcome = {};
  record.ended = {};
  if (event.afresh) {
    record.lineage.clear();
    record.origin.reset();
    record.granted = record.newest_epoch.next();  // what is yet to be reported of it doesn't count either
  }
  if (auto* array = array_of(event.job); array != nullptr) array->ended = {};
  return Done{};
}

Status Ledger::fold(log::ElementsRetried const& event) {
  auto* array = array_of(event.array);
  if (array == nullptr || array->job != event.array) {
    return refused("ElementsRetried", event.array, "no such array");
  }
  Intervals all;
  auto const never_begun = array->never_begun();
  for (auto const& [first, last] : event.runs) {
    if (first > last || !never_begun.contains(first, last) || !all.within(first, last).empty()) {
      return refused("ElementsRetried", event.array,
                     fmt::format("{}..{} weren't all cancelled before they began", first, last));
    }
    all.insert(first, last);
  }
  std::map<std::uint32_t, ArrayRecord::Cancelled> left;
  for (auto const& [first, run] : array->cancelled) {
    Intervals rest(first, run.last);
    for (auto const& [from, to] : event.runs) rest.erase(from, to);
    for (auto const& [from, to] : rest.runs()) left.emplace(from, ArrayRecord::Cancelled{to, run.reason, run.at});
  }
  array->cancelled = std::move(left);
  for (auto const& [first, last] : event.runs) array->untouched.insert(first, last);
  for (auto* counts : {&array->counts, &counts_}) {
    counts->cancelled -= all.size();
    counts->waiting += all.size();
  }
  array->ended = {};
  return Done{};
}

Status Ledger::fold(log::Pruned const& event) {
  auto const at = jobs_.find(event.job);
  if (at == jobs_.end()) return refused("Pruned", event.job, absence(event.job));
  auto& record = at->second;
  std::erase_if(record.lineage,
                [&](log::ImageKey const& key) { return std::ranges::find(event.images, key) != event.images.end(); });
  stored_bytes_ += event.left_bytes - record.stored_bytes;
  record.stored_bytes = event.left_bytes;
  return Done{};
}

Status Ledger::fold(log::Recovered const& event) {
  auto const whole = event.job.array();
  bool const element = event.job.element() != 0;
  if (whole == JobId{}) return refused("Recovered", event.job, "no job has that number");
  auto* array = array_of(event.job);
  bool const known = element ? jobs_.contains(event.job) || jobs_.contains(whole) : jobs_.contains(whole) || array != nullptr;
  if (known) {
    return refused("Recovered", event.job, "its number has been given already");
  }
  if (element && (event.job.element() > event.size || event.size > elements_max)) {
    return refused("Recovered", event.job, fmt::format("an array of {} elements", event.size));
  }
  if (element && array == nullptr) {
    ArrayRecord record;
    record.job = whole;
    JobArray work(event.spec);
    work.axes.push_back({.name = "index", .count = event.size});
    record.work = std::make_shared<JobArray const>(std::move(work));
    record.size = event.size;
    record.submitted = event.at;
    record.cancelled.emplace(1, ArrayRecord::Cancelled{event.size, "the ledger was lost, and it had no checkpoint", event.at});
    record.counts.cancelled = event.size;
    counts_.cancelled += event.size;
    array = &arrays_.try_emplace(whole, std::move(record)).first->second;
  }
  if (element) {
    auto const place = event.job.element();
    if (auto const again = fold(log::ElementsRetried{whole, {{place, place}}, event.at}); !again) return again;
    array->untouched.erase(place);
    array->started = event.at;
  } else {
    ++counts_.waiting;
  }
  JobRecord record;
  record.job = event.job;
  record.spec = event.spec;
  record.lineage = event.lineage;
  record.epoch = record.granted = record.newest_epoch = event.newest_epoch;
  record.clone_of = event.clone_of;
  record.as_its_image = true;
  record.submitted = record.started = event.at;
  jobs_.try_emplace(event.job, std::move(record));
  next_job_ = std::max({next_job_, whole.next(), event.next_job});
  return Done{};
}

}  // namespace godwit
