// SimJournal and SimLedgers: the ledger's logs on the shared disk, as port/ledgers.hpp promises them: a term's log is
// created exclusively, and one that is opened after a record was durable shows that record. Appends become durable in
// groups, some time later; a process that ends leaves some of those that weren't yet. A log of some length is made shorter now and
// then: who reads it gets a snapshot, and what follows; also one that a former allocator made when it was long superseded, if
// what it was made of counts.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "ledger/ledger.hpp"
#include "port/ledgers.hpp"
#include "sim/disk.hpp"

namespace godwit::sim {

class SimJournal final : public Journal {
 public:
  SimJournal(SimDisk& disk, Scheduler& scheduler, Term term, std::uint64_t seed, std::uint64_t process);
  ~SimJournal() override { on_gone(); }

  std::function<void()> on_durable = [] {};
  std::function<void(Term, ByteView)> on_record = [](Term, ByteView) {};  // one that is durable, in order
  std::function<void()> on_gone = [] {};
  [[nodiscard]] Term term() const { return term_; }
  void end() { ended_ = true; }
  void break_off() { broken_ = true; }

  JournalPosition append(Bytes record) override;
  Result<JournalPosition> durable() override;
  void may_compact() override;

 private:
  void commit();
  void publish(std::uint64_t before);

  SimDisk& disk_;
  Scheduler& scheduler_;
  Random random_;
  Term term_;
  bool committing_{false}, compacting_{false}, ended_{false}, broken_{false};
  std::uint64_t compacted_{0};  // records of this term, by the newest snapshot
  std::shared_ptr<bool> here_{std::make_shared<bool>(true)};  // while it lives, what was planned is meant
};

class SimLedgers final : public Ledgers {
 public:
  // `opened` learns of each journal that is handed out, before anybody has it.
  SimLedgers(SimDisk& disk, Scheduler& scheduler, std::uint64_t seed, std::uint64_t process)
      : disk_(disk), scheduler_(scheduler), random_(seed), process_(process) {}

  std::function<void()> on_event = [] {};
  std::function<void(SimJournal&)> on_journal = [](SimJournal&) {};
  std::function<void(OpenedLedger const&)> on_opened = [](OpenedLedger const&) {};  // with on_journal
  void end() { ended_ = true; }

  [[nodiscard]] bool is_busy() const { return open_ > 0 || !events_.empty(); }
  void open(RequestId request, Term term) override;
  std::vector<LedgerOpened> poll() override { return std::exchange(events_, {}); }
  // What open() does, at once: for the start of a world, before its loop runs.
  [[nodiscard]] Result<OpenedLedger> open_now(Term term);

 private:
  [[nodiscard]] Status create(Term term);
  [[nodiscard]] OpenedLedger read(Term term);
  void shorten(OpenedLedger& opened);

  SimDisk& disk_;
  Scheduler& scheduler_;
  Random random_;
  std::uint64_t process_;
  bool ended_{false};
  int open_{0};
  std::vector<LedgerOpened> events_;
};

}  // namespace godwit::sim
