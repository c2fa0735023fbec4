#include "ledger/record.hpp"

#include <limits>
#include <tuple>

namespace godwit {

namespace {
constexpr std::uint32_t page_size = 256;
}

bool FinishedElements::fits(JobRecord const& record) {
  return record.state == JobState::finished && record.moves == 0 && record.crashes == 0 &&
         record.host_losses == 0 && record.lineage.empty() && !record.suspended && !record.intent &&
         record.host != no_rank && record.outcome.reason.empty() && record.outcome.log_tail.empty() &&
         record.granted == record.epoch && record.newest_epoch == record.epoch &&
         record.epoch.value <= std::numeric_limits<std::uint32_t>::max();
}

void FinishedElements::insert(JobRecord const& record) {
  insert(record.job.element(), {record.host, static_cast<std::uint32_t>(record.epoch.value), record.outcome.steps,
                                record.started, record.ended});
}

void FinishedElements::insert(std::uint32_t element, Entry const& finished) {
  auto& page = pages_[element / page_size];
  if (page.entries.empty()) page.entries.resize(page_size);
  auto& entry = page.entries[element % page_size];
  if (entry.host == no_rank) ++page.used;
  entry = finished;
}

void FinishedElements::erase(std::uint32_t element) {
  auto const page = pages_.find(element / page_size);
  if (page == pages_.end()) return;
  auto& entry = page->second.entries[element % page_size];
  if (entry.host == no_rank) return;
  entry = {};
  if (--page->second.used == 0) pages_.erase(page);
}

FinishedElements::Entry const* FinishedElements::find(std::uint32_t element) const {
  auto const page = pages_.find(element / page_size);
  if (page == pages_.end()) return nullptr;
  auto const& entry = page->second.entries[element % page_size];
  return entry.host != no_rank ? &entry : nullptr;
}

Intervals FinishedElements::within(std::uint32_t first, std::uint32_t last) const {
  Intervals some;
  for (auto page = pages_.lower_bound(first / page_size); page != pages_.end(); ++page) {
    auto const base = page->first * page_size;
    if (base > last) break;
    for (std::uint32_t i = 0; i < page_size; ++i) {
      if (base + i < first || base + i > last || page->second.entries[i].host == no_rank) continue;
      auto const begin = i;
      while (i + 1 < page_size && base + i + 1 <= last && page->second.entries[i + 1].host != no_rank) ++i;
      some.insert(base + begin, base + i);
    }
  }
  return some;
}

Intervals ArrayRecord::never_begun() const {
  Intervals some;
  for (auto const& [first, run] : cancelled) some.insert(first, run.last);
  return some;
}

bool ArrayRecord::operator==(ArrayRecord const& other) const {
  auto const parts = [](ArrayRecord const& one) {
    return std::tie(one.job, one.size, one.submitted, one.started, one.ended, one.counts, one.untouched,
                    one.finished, one.cancelled);
  };
  return parts(*this) == parts(other) && (work == other.work || *work == *other.work);
}

}  // namespace godwit
