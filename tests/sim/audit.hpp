// Audit: the oracle over the ledger. It folds every durable record of every term by itself, and throws Wrong when one
// doesn't apply, an epoch doesn't rise, counts don't add up, a durable record is missing from what a later term
// reads, or a job is said to have finished that no capsule has finished.
//
// A record is *promised* once it is durable and its allocator leads: then what it justifies may have left. What is
// promised is never lost, whoever leads afterwards. What a former allocator appends after its successor has read the log
// is void: it may become durable, and is never promised.
#pragma once

#include <map>
#include <vector>

#include "ledger/ledger.hpp"
#include "sim/census.hpp"
#include "sim/disk.hpp"

namespace godwit::sim {

class Audit {
 public:
  Audit(SimDisk const& disk, Census& census) : disk_(disk), census_(census) {}

  // Somebody who would like to begin a term reads the logs.
  void is_read(OpenedLedger const& opened) const;
  void begins(OpenedLedger const& opened);        // a term: with all that counts of the former ones
  void record(Term term, ByteView bytes);         // is durable
  void leads(Term term);                          // its allocator does, at this instant
  void answered(JobId job) const;            // a user was told that it was submitted
  // The runtime is told to end without a fault under way: jobs must come to rest at an image.
  [[nodiscard]] Ledger const& ledger() const { return ledger_; }
  [[nodiscard]] Term term() const { return term_; }  // the newest that has begun
  [[nodiscard]] std::uint64_t records() const { return history_.size(); }
  // All jobs: single ones and elements.
  [[nodiscard]] std::vector<JobId> jobs() const;

 private:
  void fold(LedgerEvent const& event);
  void look_at(LedgerEvent const& event);
  void mint(JobId job, Epoch epoch);
  void lose_all_of(Rank host);
  void look_who_has(JobId job);
  void promise(LedgerEvent const& event);

  SimDisk const& disk_;
  Census& census_;
  Ledger ledger_;
  Term term_;
  struct Known {
    Term term;
    std::uint64_t digest;
  };
  std::vector<Known> history_;          // the durable records that count
  std::uint64_t promised_{0};           // of them
  std::vector<LedgerEvent> durable_;    // of this term, and not promised yet
  std::map<Term, std::uint64_t> records_, sealed_;  // durable ones of each log; and how many of them count
  std::map<JobId, Epoch> minted_;
  std::uint64_t submitted_{0};
};

}  // namespace godwit::sim
