#include "ledger/chronicle.hpp"

#include <algorithm>
#include <map>

namespace godwit {

namespace {

WallTime time_of(LedgerEvent const& event) {
  return std::visit(
      [](auto const& held) {
        if constexpr (requires { held.at; }) return held.at;
        return WallTime{};
      },
      event);
}

// About no job, and yet worth telling.
bool is_told(LedgerEvent const& event) {
  return std::holds_alternative<log::WorldBegan>(event) || std::holds_alternative<log::TermBegan>(event) ||
         std::holds_alternative<log::WorldEnded>(event) || std::holds_alternative<log::HostLost>(event) ||
         std::holds_alternative<log::Commanded>(event);
}

}  // namespace

void Chronicle::take(LedgerEvent const& event, ByteView encoded) {
  if (auto const* forgotten = std::get_if<log::Forgotten>(&event)) {
    before_ = std::max(before_, forgotten->before);
    return;
  }
  auto const job = job_of(event);
  if (job == JobId{} && !is_told(event)) return;
  entries_.push_back({job, time_of(event), Bytes(encoded.begin(), encoded.end())});
}

void Chronicle::tell(Ledger const& ledger, std::function<void(Bytes const&)> const& each) const {
  auto const is_known = [&](Entry const& entry) {
    if (entry.job == JobId{}) return entry.at >= before_;
    return ledger.find(entry.job) != nullptr || (entry.job.element() == 0 && ledger.array(entry.job) != nullptr);
  };
  std::map<JobId, std::size_t> all, seen;
  for (auto const& entry : entries_) {
    if (is_known(entry)) ++all[entry.job];
  }
  for (auto const& entry : entries_) {
    if (!is_known(entry)) continue;
    auto const place = seen[entry.job]++;
    auto const from_end = all.at(entry.job) - place;
    bool const kept = entry.job == JobId{} ? from_end <= newest_of_all : place < first_of_job || from_end <= newest_of_job;
    if (kept) each(entry.event);
  }
}

}  // namespace godwit
