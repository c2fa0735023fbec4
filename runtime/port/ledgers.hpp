// Ledgers: the logs of all terms in the store, for whoever begins a term. Creating the next term's log exclusively
// is what makes one candidate of several the allocator; that log's first record seals the older ones, so what a
// former allocator appends later is void.
//
// Promise asked of the store: a log that is opened after a record was durable shows that record. Nothing is asked
// of file locks or of directory listings (they may be stale: the exclusive creation tells).
// Work is done on a thread of the adapter; answers come from poll().
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "port/journal.hpp"

namespace godwit {

struct OpenedLedger {
  Term term;                                           // of the log that was created, still empty
  std::vector<Bytes> base;                             // parts of what follows from the oldest records, if those aren't read any more
  std::vector<std::pair<Term, Bytes>> records;         // of the older logs, after that, in order; sealed ones only as far as they count
  std::vector<std::pair<Term, std::uint64_t>> seals;   // how many records of each older log there were, read or not
  std::unique_ptr<Journal> journal;                    // of the new one
};
struct LedgerOpened {
  RequestId request;
  Result<OpenedLedger> ledger;  // reject "term_taken": another candidate was faster
};

class Ledgers {
 public:
  virtual ~Ledgers() = default;
  virtual void open(RequestId request, Term term) = 0;  // reads what there is, and creates this term's log
  virtual std::vector<LedgerOpened> poll() = 0;
};

}  // namespace godwit
