// What is done to the waiting elements of an array all at once.
#include <fmt/format.h>

#include "allocator/core.hpp"

namespace godwit::allocator {

namespace {
constexpr std::uint32_t notes_max = 20;
}

// These are untouched. One event, whatever their number.
void Allocator::Core::cancel_elements(JobId array, Intervals const& elements, std::string const& reason) {
  if (elements.empty()) return;
  leave_line(array);
  journal(log::ElementsCancelled{array, elements.list(), reason, wall});
  line_up(array);
  forget_if_over(array);
  settle_elements(array, elements);
}

// All of a job or an array that waits, untouched or to be tried again.
void Allocator::Core::cancel_waiting(JobId job, std::string const& reason) {
  if (auto const* array = ledger.array(job)) cancel_elements(job, Intervals(array->untouched), reason);
  std::vector<JobId> again;
  auto const& jobs = ledger.jobs();
  for (auto at = jobs.lower_bound(job); at != jobs.end() && at->first.array() == job; ++at) {
    auto const state = at->second.state;
    bool const stands_still = state == JobState::waiting || state == JobState::held;
    if (stands_still && !leased.contains(at->first)) again.push_back(at->first);
  }
  for (auto const one : again) {
    auto const* report = report_of(one);
    ended(one, {Ending::cancelled, reason, {}, report != nullptr ? report->steps : 0});
  }
}

void Allocator::Core::enforce_max_failed(JobId array) {
  auto const& record = *ledger.array(array);
  auto const limit = record.work->spec.max_failed;
  auto const& counts = record.counts;
  auto const idle = counts.waiting + counts.held;
  if (limit < 0 || counts.failed <= static_cast<std::uint64_t>(limit) || idle == 0) return;
  auto const reason = fmt::format("{} elements of array {} failed, more than its max_failed of {}",
                                  counts.failed, array, limit);
  note(Level::warning, array, {},
       fmt::format("{}: {} waiting elements are cancelled: {}", called(record), idle, reason));
  cancel_waiting(array, reason);
}

// Of the failures in an array only the first are noted one by one.
bool Allocator::Core::worth_a_note(JobId job) {
  if (job.element() == 0) return true;
  auto& notes = noted[job.array()];
  if (notes > notes_max) return false;
  if (++notes <= notes_max) return true;
  note(Level::warning, job.array(), {},
       fmt::format("{}: what else fails is not noted one by one", called(*ledger.array(job))));
  return false;
}

}  // namespace godwit::allocator
