// The contract of the port Ledgers, as cases that run against every adapter: logs in memory, and files in a directory.
// A rig gives a case two ranks' ends of one store.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "contract/adapter.hpp"
#include "ledger/ledger.hpp"
#include "port/ledgers.hpp"

namespace godwit::contract {

class LedgersRig {
 public:
  virtual ~LedgersRig() = default;
  virtual Ledgers& here() = 0;
  virtual Ledgers& elsewhere() = 0;
  virtual bool let_pass() = 0;  // false: nothing can get further, ever
};

class LedgersContract : public ::testing::TestWithParam<Adapter<LedgersRig>> {
 protected:
  LedgersContract() : rig(GetParam().make()) {}
  ~LedgersContract() override { journals.clear(); }

  Result<OpenedLedger> open(Ledgers& ledgers, Term term);
  // The same, as it should be; its journal is kept.
  OpenedLedger opened(Ledgers& ledgers, Term term);
  // Appended and durable.
  void append(Term term, LedgerEvent const& event);
  bool until(std::function<bool()> const& holds);

  std::unique_ptr<LedgersRig> rig;
  std::map<Term, std::unique_ptr<Journal>> journals;

 private:
  RequestId last_{0};
  std::map<Term, JournalPosition> appended_;
};

}  // namespace godwit::contract
