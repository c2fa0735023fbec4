#include "sim/ledgers.hpp"

#include <algorithm>

namespace godwit::sim {

SimJournal::SimJournal(SimDisk& disk, Scheduler& scheduler, Term term, std::uint64_t seed, std::uint64_t process)
    : disk_(disk), scheduler_(scheduler), random_(seed), term_(term) {
  disk_.logs.at(term).writer = process;
}

JournalPosition SimJournal::append(Bytes record) {
  auto& log = disk_.logs.at(term_);
  log.records.push_back(std::move(record));
  commit();
  return log.records.size();
}

Result<JournalPosition> SimJournal::durable() {
  if (broken_) return data_lost("io", "the ledger's disk is gone");
  return disk_.logs.at(term_).durable;
}

// One sync at a time: what is appended meanwhile is part of the next.
void SimJournal::commit() {
  if (committing_ || broken_ || ended_) return;
  auto const upto = disk_.logs.at(term_).records.size();
  if (upto == disk_.logs.at(term_).durable) return;
  committing_ = true;
  auto const time = 200us + Duration{static_cast<std::int64_t>(random_.below(4'000'000))};
  scheduler_.after(time * disk_.slow, [this, upto] {
    committing_ = false;
    if (ended_ || broken_) return;
    auto& log = disk_.logs.at(term_);
    while (log.durable < upto) on_record(term_, log.records[log.durable++]);
    on_durable();
    commit();
  });
}

Result<OpenedLedger> SimLedgers::open_now(Term term) {
  if (disk_.logs.contains(term) || disk_.newest_term() > term) {
    return reject("term_taken", fmt::format("the log of term {} is there already", term));
  }
  OpenedLedger opened;
  opened.term = term;
  // The bytes are read first, then the new log is created: what is appended in between doesn't count.
  opened.records = disk_.read_logs();
  for (auto const& [older, log] : disk_.logs) {
    auto const counted = std::ranges::count(opened.records, older, [](auto const& one) { return one.first; });
    opened.seals.emplace_back(older, static_cast<std::uint64_t>(counted));
  }
  disk_.logs[term] = {};
  auto journal = std::make_unique<SimJournal>(disk_, scheduler_, term, random_(), process_);
  on_journal(*journal);
  opened.journal = std::move(journal);
  return opened;
}

void SimLedgers::open(RequestId request, Term term) {
  auto const time = 2ms + Duration{static_cast<std::int64_t>(random_.below(20'000'000))};
  scheduler_.after(time * disk_.slow, [this, request, term] {
    if (ended_) return;
    events_.push_back({request, open_now(term)});
    on_event();
  });
}

}  // namespace godwit::sim
