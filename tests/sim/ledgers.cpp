#include "sim/ledgers.hpp"

#include <algorithm>

#include "base/archive.hpp"

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
  scheduler_.after(time * disk_.slow, [this, upto, here = std::weak_ptr(here_)] {
    if (here.expired()) return;
    committing_ = false;
    if (ended_ || broken_) return;
    auto& log = disk_.logs.at(term_);
    while (log.durable < upto) on_record(term_, log.records[log.durable++]);
    on_durable();
    commit();
  });
}

void SimJournal::may_compact() {
  constexpr std::uint64_t worthwhile = 25;
  auto const durable = disk_.logs.at(term_).durable;
  if (compacting_ || broken_ || ended_ || durable < compacted_ + worthwhile) return;
  compacting_ = true;
  auto const time = 1ms + Duration{static_cast<std::int64_t>(random_.below(300'000'000))};
  scheduler_.after(time * disk_.slow, [this, durable, here = std::weak_ptr(here_)] {
    if (here.expired()) return;
    compacting_ = false;
    if (!ended_ && !broken_) publish(durable);
  });
}

// Of what its own log follows on, and its beginning.
void SimJournal::publish(std::uint64_t before) {
  compacted_ = before;
  auto const& own = disk_.logs.at(term_).records;
  SimSnapshot snapshot{term_, before, {}};
  Ledger ledger;
  auto const take = [&](Bytes const& record) {
    auto const event = decode<LedgerEvent>(record);
    return event && ledger.apply(*event).ok();
  };
  bool sound = true;
  for (auto const& [term, record] : disk_.read_logs(term_.next())) sound = sound && (term == term_ || take(record));
  for (std::uint64_t at = 0; at < before; ++at) sound = sound && take(own[at]);
  if (!sound) return;
  ledger.save([&](part::Part const& part) { snapshot.parts.push_back(encode(part)); });
  disk_.snapshots.push_back(std::move(snapshot));
}

Status SimLedgers::create(Term term) {
  if (disk_.logs.contains(term) || disk_.newest_term() > term) {
    return reject("term_taken", fmt::format("the log of term {} is there already", term));
  }
  disk_.logs[term] = {};
  if (!disk_.names_are_durable) disk_.logs[term].named_by = process_;
  return Done{};
}

// What a former allocator appends from now on doesn't count. What counts stays, whatever becomes of its writer.
OpenedLedger SimLedgers::read(Term term) {
  OpenedLedger opened;
  opened.term = term;
  disk_.logs.at(term).named_by = 0;
  opened.records = disk_.read_logs(term);
  for (auto& [older, log] : disk_.logs) {
    if (older >= term) break;
    auto const counted = std::ranges::count(opened.records, older, [](auto const& one) { return one.first; });
    opened.seals.emplace_back(older, static_cast<std::uint64_t>(counted));
    log.read = std::max(log.read, static_cast<std::uint64_t>(counted));
  }
  auto journal = std::make_unique<SimJournal>(disk_, scheduler_, term, random_(), process_);
  on_journal(*journal);
  opened.journal = std::move(journal);
  on_opened(opened);
  shorten(opened);
  return opened;
}

// The newest that counts takes the place of the records that it was made of.
void SimLedgers::shorten(OpenedLedger& opened) {
  for (auto snapshot = disk_.snapshots.rbegin(); snapshot != disk_.snapshots.rend(); ++snapshot) {
    std::uint64_t before = 0, of_term = 0;
    for (auto const& [term, record] : opened.records) {
      if (term > snapshot->term || of_term == snapshot->before) break;
      ++before;
      if (term == snapshot->term) ++of_term;
    }
    if (of_term != snapshot->before) continue;
    opened.base = snapshot->parts;
    opened.records.erase(opened.records.begin(), opened.records.begin() + static_cast<std::ptrdiff_t>(before));
    return;
  }
}

Result<OpenedLedger> SimLedgers::open_now(Term term) {
  if (auto created = create(term); !created) return created.failure();
  return read(term);
}

// The log is created some time before the older ones are read.
void SimLedgers::open(RequestId request, Term term) {
  auto const some = [this](Duration most) {
    return (2ms + Duration{static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.count())))}) * disk_.slow;
  };
  ++open_;
  auto const tell = [this, request](Result<OpenedLedger> opened) {
    --open_;
    events_.push_back({request, std::move(opened)});
    on_event();
  };
  scheduler_.after(some(20ms), [this, term, some, tell] {
    if (ended_) return;
    if (auto created = create(term); !created) return tell(created.failure());
    scheduler_.after(some(100ms), [this, term, tell] {
      if (!ended_) tell(read(term));
    });
  });
}

}  // namespace godwit::sim
