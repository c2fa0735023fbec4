// What is left of jobs that have been over for long. Numbers, epochs, what accounts used and how often hosts failed are kept
// apart from the jobs; who had a name keeps it.
#include <algorithm>

#include "ledger/ledger.hpp"
#include "ledger/refusal.hpp"

namespace godwit {

Identity const* Ledger::forgotten(JobId job) const {
  auto const at = forgotten_.find(job);
  return at == forgotten_.end() ? nullptr : &identities_.at(at->second);
}

std::string const* Ledger::name_of(JobId job) const {
  auto const at = forgotten_.find(job);
  return at == forgotten_.end() ? nullptr : &at->second;
}

Status Ledger::fold(log::Forgotten const& event) {
  std::set<JobId> named;
  for (auto const job : event.jobs) {
    if (!named.insert(job).second) return refused("Forgotten", job, "it is named twice");
    auto const all = job.element() == 0 && !forgotten_.contains(job) ? counts(job) : JobCounts{};
    if (all.all() == 0) return refused("Forgotten", job, "no such job");
    if (all.live() > 0) return refused("Forgotten", job, "it hasn't ended");
  }
  for (auto const job : event.jobs) forget(job);
  return Done{};
}

void Ledger::forget(JobId job) {
  Identity identity;
  std::string name;
  auto const all = counts(job);
  for (auto state : {JobState::finished, JobState::failed, JobState::cancelled}) counts_.of(state) -= all.of(state);
  identity.job = job;
  identity.finished = all.finished;
  identity.failed = all.failed;
  identity.cancelled = all.cancelled;
  auto const describe = [&](JobArray const& work) {
    name = work.spec.name;
    identity.type = work.spec.type;
    identity.work = digest_of_work(work).value;
    identity.after = work.spec.after;
  };
  bool clone = false;
  if (auto const* array = this->array(job)) {
    describe(*array->work);
    identity.began = array->never_begun().size() < array->size;
    identity.submitted = array->submitted;
    identity.ended = array->ended;
  } else {
    auto const& record = *find(job);
    clone = record.clone_of != JobId{};
    describe(JobArray(record.spec));
    identity.began = record.newest_epoch > Epoch{};
    identity.submitted = record.submitted;
    identity.ended = record.ended;
  }
  std::vector<JobId> gone;
  for (auto at = jobs_.lower_bound(job); at != jobs_.end() && at->first.array() == job; ++at) gone.push_back(at->first);
  for (auto const one : gone) {
    stored_bytes_ -= std::min(stored_bytes_, jobs_.at(one).stored_bytes);
    jobs_.erase(one);
  }
  arrays_.erase(job);
  auto const first = decisions_.lower_bound(job);
  decisions_.erase(first, decisions_.lower_bound(job.next()));
  if (name.empty() || clone) return;
  auto const [at, fresh] = identities_.try_emplace(name, identity);
  if (!fresh && at->second.job > job) return;
  forgotten_.erase(at->second.job);
  at->second = identity;
  forgotten_.emplace(job, name);
}

}  // namespace godwit
