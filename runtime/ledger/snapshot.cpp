#include "ledger/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ledger/ledger.hpp"
#include "ledger/refusal.hpp"

namespace godwit {

void Ledger::save(std::function<void(part::Part const&)> const& each) const {
  part::Head head;
  for (auto const& [host, lost] : lost_) head.lost.emplace(host, std::pair{lost.proven, lost.fenced});
  head.drained.assign(drained_.begin(), drained_.end());
  head.accounts = accounts_;
  head.scores = scores_;
  head.next_job = next_job_;
  head.usage = usage_;
  head.exposure = exposure_;
  head.newest = newest_;
  head.term = term_;
  head.world = world_;
  head.old_leases = old_leases_;
  head.ranks = ranks_;
  head.ended_cleanly = ended_cleanly_;
  each(head);
  for (auto const& [job, array] : arrays_) {
    each(part::Array{job, *array.work, array.submitted, array.started, array.ended, array.untouched.list(), array.cancelled});
    part::Finished some{job, {}};
    array.finished.within(1, array.size).walk([&, &finished = array.finished](std::uint32_t element) {  // clang 14 captures no structured binding
      some.entries.emplace_back(element, *finished.find(element));
      if (some.entries.size() == part::Finished::entries_max) {
        each(some);
        some.entries.clear();
      }
      return true;
    });
    if (!some.entries.empty()) each(some);
  }
  for (auto const& [job, record] : jobs_) each(part::Job{record});
  for (auto const& [job, decisions] : decisions_) each(part::Decided{job, decisions});
  for (auto const& [name, identity] : identities_) each(part::Known{name, identity});
}

namespace {

Status misplaced(char const* what) {
  return data_lost("ledger", fmt::format("a snapshot with {}", what));
}

}  // namespace

// Counts aren't written: they follow from the rest.
Status Ledger::restore(part::Part&& any) {
  auto const count = [this](ArrayRecord* array, JobState state, std::uint64_t how_many) {
    counts_.of(state) += how_many;
    if (array != nullptr) array->counts.of(state) += how_many;
  };
  if (auto* const head = std::get_if<part::Head>(&any)) {
    if (head->ranks < 0 || head->ranks > ranks_max) return misplaced("more ranks than are possible");
    for (auto const& [host, lost] : head->lost) lost_[host] = {lost.first, lost.second};
    drained_.insert(head->drained.begin(), head->drained.end());
    accounts_ = std::move(head->accounts);
    scores_ = std::move(head->scores);
    next_job_ = head->next_job;
    usage_ = std::move(head->usage);
    exposure_ = head->exposure;
    newest_ = head->newest;
    term_ = head->term;
    world_ = head->world;
    old_leases_ = head->old_leases;
    ranks_ = head->ranks;
    ended_cleanly_ = head->ended_cleanly;
  } else if (auto* const array = std::get_if<part::Array>(&any)) {
    auto const size = array->work.size();
    if (!array->work.is_array() || size == 0 || size > elements_max) return misplaced("an array of no size that there is");
    auto& record = arrays_.try_emplace(array->job).first->second;
    record.job = array->job;
    record.work = std::make_shared<JobArray const>(std::move(array->work));
    record.size = static_cast<std::uint32_t>(size);
    record.submitted = array->submitted;
    record.started = array->started;
    record.ended = array->ended;
    for (auto const& [first, last] : array->untouched) {
      if (first == 0 || first > last || last > record.size) return misplaced("elements that there aren't");
      record.untouched.insert(first, last);
    }
    for (auto const& [first, run] : array->cancelled) {
      if (first == 0 || first > run.last || run.last > record.size) return misplaced("elements that there aren't");
    }
    record.cancelled = std::move(array->cancelled);
    count(&record, JobState::waiting, record.untouched.size());
    for (auto const& [first, run] : record.cancelled) count(&record, JobState::cancelled, std::uint64_t{run.last} - first + 1);
  } else if (auto* const finished = std::get_if<part::Finished>(&any)) {
    auto* const of = array_of(finished->array);
    if (of == nullptr) return misplaced("finished elements of no array");
    for (auto const& [element, entry] : finished->entries) {
      if (element == 0 || element > of->size || entry.host == no_rank) return misplaced("an element that there isn't");
      of->finished.insert(element, entry);
    }
    count(of, JobState::finished, finished->entries.size());
  } else if (auto* const job = std::get_if<part::Job>(&any)) {
    auto const id = job->record.job;
    auto* const of = id.element() != 0 ? array_of(id) : nullptr;
    if (id == JobId{} || jobs_.contains(id)) return misplaced("a job that can't be, or is there twice");
    if (id.element() != 0 && (of == nullptr || id.element() > of->size)) return misplaced("an element of no array");
    if (job->record.state > JobState::held) return misplaced("a job in no state");
    count(of, job->record.state, 1);
    stored_bytes_ += job->record.stored_bytes;
    jobs_.try_emplace(id, std::move(job->record));
  } else if (auto* const decided = std::get_if<part::Decided>(&any)) {
    decisions_[decided->job] = std::move(decided->decisions);
  } else if (auto* const known = std::get_if<part::Known>(&any)) {
    forgotten_.emplace(known->identity.job, known->name);
    identities_.emplace(std::move(known->name), std::move(known->identity));
  }
  return Done{};
}

Status Ledger::restore(ByteView part) {
  auto decoded = decode<part::Part>(part);
  return decoded ? restore(std::move(*decoded)) : Status(decoded.failure());
}

}  // namespace godwit
