#include "app/godwit/store_ledger.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/archive.hpp"
#include "edge/posix/journal_reader.hpp"

namespace godwit::cli {

Status read_events(std::filesystem::path const& store, std::function<void(LedgerEvent const&)> const& each) {
  std::error_code error;
  if (!std::filesystem::is_directory(store / "ledger", error)) {
    return reject("no_store",
                  fmt::format("there is no ledger in {}: no runtime was ever started on it", store.string()));
  }
  auto const read = read_journal(
      store / "ledger",
      [&](Term, ByteView record) -> Status {
        auto const event = decode<LedgerEvent>(record);
        if (!event) return event.failure();
        each(*event);
        return Done{};
      },
      JournalUse::look);
  return read ? Status(Done{}) : Status(read.failure());
}

Result<Ledger> read_ledger(std::filesystem::path const& store) {
  Ledger ledger;
  Status applied = Done{};
  auto const read = read_events(store, [&](LedgerEvent const& event) {
    if (applied) applied = ledger.apply(event);
  });
  if (!read) return read.failure();
  if (!applied) return applied.failure();
  return ledger;
}

Result<std::vector<JobId>> find_jobs(Ledger const& ledger, std::string const& word) {
  std::vector<JobId> found;
  for (auto const& [job, record] : ledger.jobs()) {
    auto const* array = ledger.array(job);
    auto const& name = array != nullptr ? array->work->spec.name : record.spec.name;
    auto const element = fmt::format("{}_{}", name, job.element());
    bool const meant = word == "all" || word == fmt::format("{}", job) || word == fmt::format("{}", job.array()) ||
                       (!name.empty() && (word == name || (job.element() != 0 && word == element)));
    if (meant) found.push_back(job);
  }
  bool const nothing_yet = word == "all" || std::ranges::any_of(ledger.arrays(), [&](auto const& one) {
    return word == fmt::format("{}", one.first) || word == one.second.work->spec.name;
  });
  if (found.empty() && !nothing_yet) {
    bool const several = word.find('@') != word.npos || word.find('-') != word.npos;
    return reject("no_such_job", fmt::format("no such job: {}{}", word,
                                             several ? "; without a runtime jobs are named one by one, or 'all'" : ""));
  }
  return found;
}

}  // namespace godwit::cli
