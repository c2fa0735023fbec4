#include "app/godwit/store_ledger.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/archive.hpp"
#include "edge/posix/journal_reader.hpp"

namespace godwit::cli {

namespace {

Status there_is_one(std::filesystem::path const& store) {
  std::error_code error;
  if (std::filesystem::is_directory(store / "ledger", error)) return Done{};
  return reject("no_store", fmt::format("there is no ledger in {}: no runtime was ever started on it", store.string()));
}

// What a snapshot tells: former events; and in their place, of elements that finished without incident, what is known of them.
class SnapshotTeller {
 public:
  explicit SnapshotTeller(std::function<void(LedgerEvent const&)> const& each) : each_(each) {}

  Status take(ByteView bytes) {
    auto part = decode<part::Part>(bytes);
    if (!part) return part.failure();
    if (auto* const finished = std::get_if<part::Finished>(&*part)) finished_.push_back(std::move(*finished));
    auto const* const told = std::get_if<part::Told>(&*part);
    if (told == nullptr) return Done{};
    auto const event = decode<LedgerEvent>(told->event);
    if (!event) return event.failure();
    each_(*event);
    if (auto const* const submitted = std::get_if<log::Submitted>(&*event)) tell_finished(submitted->job);
    return Done{};
  }

 private:
  void tell_finished(JobId array) {
    for (auto const& some : finished_) {
      if (some.array != array) continue;
      for (auto const& [place, entry] : some.entries) {
        auto const job = JobId::of_element(array.number(), place);
        Epoch const epoch{entry.epoch};
        each_(log::Granted{job, epoch, entry.host, entry.started, {}});
        each_(log::Started{job, epoch, {}, false, entry.started});
        each_(log::Ended{job, epoch, {Ending::finished, {}, {}, entry.steps}, entry.ended});
      }
    }
  }

  std::function<void(LedgerEvent const&)> const& each_;
  std::vector<part::Finished> finished_;
};

}  // namespace

Status read_events(std::filesystem::path const& store, std::function<void(LedgerEvent const&)> const& each) {
  if (auto const there = there_is_one(store); !there) return there;
  SnapshotTeller teller(each);
  auto const read = read_journal(store / "ledger",
                                 {[&](Term, ByteView record) -> Status {
                                    auto const event = decode<LedgerEvent>(record);
                                    if (!event) return event.failure();
                                    each(*event);
                                    return Done{};
                                  },
                                  [&](ByteView part) { return teller.take(part); }},
                                 JournalUse::look);
  return read ? Status(Done{}) : Status(read.failure());
}

Result<Ledger> read_ledger(std::filesystem::path const& store) {
  if (auto const there = there_is_one(store); !there) return there.failure();
  Ledger ledger;
  auto const read = read_journal(store / "ledger",
                                 {[&](Term, ByteView record) -> Status {
                                    auto const event = decode<LedgerEvent>(record);
                                    return event ? ledger.apply(*event) : Status(event.failure());
                                  },
                                  [&](ByteView part) { return ledger.restore(part); }},
                                 JournalUse::look);
  if (!read) return read.failure();
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
