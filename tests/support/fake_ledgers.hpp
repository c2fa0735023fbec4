// FakeLedgers: the logs of all terms, shared by all who might write one: what is durable in them outlives their
// allocators. As the port promises: creating a log is exclusive, and so is whatever number is free below it; the
// newest log that begins a term says how much of the older ones counts.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/archive.hpp"
#include "ledger/ledger.hpp"
#include "port/ledgers.hpp"
#include "support/fake_rank0.hpp"

namespace godwit::test {

class TermLogs {
 public:
  // A new log; nullptr: it is taken.
  FakeJournal* create(Term term) {
    if (!logs_.empty() && logs_.rbegin()->first >= term) return nullptr;
    for (auto below = Term{1}; below < term; below = below.next()) logs_.try_emplace(below);
    return &logs_[term];
  }
  [[nodiscard]] FakeJournal& of(Term term) { return logs_.at(term); }
  void sync() {
    for (auto& [term, log] : logs_) log.sync();
  }
  [[nodiscard]] std::vector<log::Seal> what_counts(Term below) const {
    std::vector<log::Seal> counts;
    for (auto at = logs_.lower_bound(below); at != logs_.begin();) {
      --at;
      if (at->second.synced() == 0) continue;
      auto const first = *decode<LedgerEvent>(at->second.records.front());
      if (auto const* world = std::get_if<log::WorldBegan>(&first)) counts = world->seals;
      if (auto const* begun = std::get_if<log::TermBegan>(&first)) counts = begun->seals;
      counts.push_back({at->first, at->second.synced()});
      break;
    }
    return counts;
  }
  [[nodiscard]] OpenedLedger read(Term below) const {
    OpenedLedger opened;
    for (auto const& [term, records] : what_counts(below)) {
      opened.seals.emplace_back(term, records);
      for (std::uint64_t at = 0; at < records; ++at) {
        opened.records.emplace_back(term, logs_.at(term).records[static_cast<std::size_t>(at)]);
      }
    }
    return opened;
  }
  // What a later world would know.
  [[nodiscard]] Ledger ledger() const {
    Ledger ledger;
    for (auto const& [term, record] : read(Term{1'000'000}).records) {
      auto const applied = ledger.apply(*decode<LedgerEvent>(record));
      EXPECT_TRUE(applied.ok()) << applied.failure().context;
    }
    return ledger;
  }

 private:
  std::map<Term, FakeJournal> logs_;
};

// One log as its writer sees it; the log itself stays.
class LogOfTerm final : public Journal {
 public:
  explicit LogOfTerm(FakeJournal& log) : log_(log) {}
  JournalPosition append(Bytes record) override { return log_.append(std::move(record)); }
  Result<JournalPosition> durable() override { return log_.durable(); }

 private:
  FakeJournal& log_;
};

class FakeLedgers final : public Ledgers {
 public:
  explicit FakeLedgers(TermLogs& logs) : logs_(logs) {}
  void open(RequestId request, Term term) override { asked_.emplace_back(request, term); }
  std::vector<LedgerOpened> poll() override {
    std::vector<LedgerOpened> all;
    if (slow) return all;
    for (auto const& [request, term] : std::exchange(asked_, {})) {
      auto* const log = logs_.create(term);
      if (log == nullptr) {
        all.push_back({request, reject("term_taken", "there is a log of this term")});
        continue;
      }
      auto opened = logs_.read(term);
      opened.term = term;
      opened.journal = std::make_unique<LogOfTerm>(*log);
      all.push_back({request, std::move(opened)});
    }
    return all;
  }
  bool slow{false};  // nothing is opened while it is

 private:
  TermLogs& logs_;
  std::vector<std::pair<RequestId, Term>> asked_;
};

}  // namespace godwit::test
