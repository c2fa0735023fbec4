// What the ledger says about jobs and elements, wherever it keeps them.
#include <algorithm>

#include "base/mutation.hpp"
#include "ledger/ledger.hpp"

namespace godwit {

namespace {

ArrayRecord::Cancelled const* cancellation(ArrayRecord const& array, std::uint32_t element) {
  auto const after = array.cancelled.upper_bound(element);
  if (after == array.cancelled.begin()) return nullptr;
  auto const& run = std::prev(after)->second;
  return element <= run.last ? &run : nullptr;
}

}  // namespace

JobRecord const* Ledger::find(JobId job) const {
  auto const at = jobs_.find(job);
  return at == jobs_.end() ? nullptr : &at->second;
}

std::vector<Decision> const& Ledger::decisions(JobId job) const {
  static std::vector<Decision> const none;
  auto const at = decisions_.find(job);
  return at == decisions_.end() ? none : at->second;
}

ArrayRecord const* Ledger::array(JobId job) const {
  auto const at = arrays_.find(job.array());
  return at == arrays_.end() ? nullptr : &at->second;
}

std::optional<JobState> Ledger::state(JobId job) const {
  if (auto const* record = find(job)) return record->state;
  auto const* of = array(job);
  auto const element = job.element();
  if (of == nullptr || element == 0 || element > of->size) return std::nullopt;
  if (of->finished.find(element) != nullptr) return JobState::finished;
  return of->untouched.contains(element) ? JobState::waiting : JobState::cancelled;
}

std::optional<JobRecord> Ledger::record(JobId job) const {
  if (auto const* record = find(job)) return *record;
  auto const known = state(job);
  if (!known) return std::nullopt;
  auto const& of = *array(job);
  JobRecord record;
  record.job = job;
  record.spec = of.work->element(job.element());
  record.state = *known;
  record.submitted = of.submitted;
  if (auto const* end = of.finished.find(job.element())) {
    record.host = end->host;
    record.epoch = record.granted = record.newest_epoch = Epoch{end->epoch};
    record.started = end->started;
    record.ended = end->ended;
    record.outcome.steps = end->steps;
  } else if (auto const* cancelled = cancellation(of, job.element())) {
    record.ended = cancelled->at;
    record.outcome = {Ending::cancelled, cancelled->reason, {}, 0};
  }
  return record;
}

JobCounts Ledger::counts(JobId job) const {
  if (job.element() == 0) {
    if (auto const* whole = array(job)) return whole->counts;
  }
  JobCounts counts;
  if (auto const known = state(job)) {
    ++counts.of(*known);
  } else if (auto const* identity = forgotten(job)) {
    return identity->counts();
  }
  return counts;
}

JobCounts Ledger::counts(JobId job, Intervals const& elements) const {
  JobCounts counts;
  auto const* of = array(job);
  if (of == nullptr || elements.empty()) return counts;
  counts.waiting = of->untouched.within(elements).size();
  for (auto const& [first, last] : elements.runs()) {
    counts.finished += of->finished.within(first, last).size();
    for (auto at = jobs_.lower_bound(JobId::of_element(of->job.number(), first));
         at != jobs_.end() && at->first <= JobId::of_element(of->job.number(), last); ++at) {
      ++counts.of(at->second.state);
    }
  }
  for (auto const& [first, run] : of->cancelled) counts.cancelled += elements.within(first, run.last).size();
  return counts;
}

Intervals Ledger::in_state(JobId job, JobState state) const {
  Intervals some;
  auto const* of = array(job);
  if (of == nullptr) return some;
  if (state == JobState::waiting) some = of->untouched;
  if (state == JobState::finished) some = of->finished.within(1, of->size);
  if (state == JobState::cancelled) {
    for (auto const& [first, run] : of->cancelled) some.insert(first, run.last);
  }
  JobCounts wanted;
  auto const& group = wanted.of(state);
  for (auto at = jobs_.lower_bound(JobId::of_element(of->job.number(), 1));
       at != jobs_.end() && at->first.number() == of->job.number(); ++at) {
    if (&wanted.of(at->second.state) == &group) some.insert(at->first.element());
  }
  return some;
}

// Of an epoch at which the job has run since its grant. A lost host's images count until the job is granted
// anew, and those of a target that took it unseen never do: the source went on without them.
bool Ledger::extends_lineage(JobId job, log::ImageKey image) const {
  if (auto const* record = find(job)) {
    bool const is_void = std::ranges::find(record->void_epochs, image.epoch) != record->void_epochs.end();
    return (image.epoch >= record->granted || mutated(Mutation::adopt_orphan_generation)) && image.epoch <= record->epoch &&
           (!is_void || mutated(Mutation::adopt_void_generation)) &&
           std::ranges::find(record->lineage, image) == record->lineage.end();
  }
  auto const* of = array(job);
  auto const* end = of != nullptr ? of->finished.find(job.element()) : nullptr;
  return end != nullptr && image.epoch == Epoch{end->epoch};
}

std::set<Rank> Ledger::electorate() const {
  std::set<Rank> members;
  for (auto rank = Rank{1}; rank.value < ranks_; rank = rank.next()) {
    if (!is_lost(rank)) members.insert(rank);
  }
  if (ranks_ > 0 && term_ == world_) members.insert(allocator_rank);
  return members;
}

}  // namespace godwit
