// Ballot: whom a host obeys, what it has promised, and its vote. One allocator leads because of what each ballot
// keeps: a host votes once per term, only for terms newer than any it knows, and only when its promise to the
// present allocator, or to the candidate it voted for last, has run out, or that one's process has surely ended.
// From the vote on it obeys no older term. Why this suffices: ADR 0009.
//
// The promise runs from the instant at which this host hears its allocator, and is longer than the lease that the
// allocator counts from when it spoke: so clocks may run apart by that much. A pure class.
#pragma once

#include <optional>
#include <set>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "message/message.hpp"

namespace godwit::custody {

class Ballot {
 public:
  explicit Ballot(Rank self) : self_(self) {}

  [[nodiscard]] Term term() const { return term_; }               // the newest that it knows
  [[nodiscard]] Rank allocator() const { return allocator_; }     // of that term; no_rank: not known
  [[nodiscard]] Rank promised_to() const { return promised_to_; }  // that allocator, or whom it voted for
  [[nodiscard]] bool under_first() const { return former_ == allocator_rank; }  // the last that it obeyed was rank 0
  [[nodiscard]] bool has_joined() const { return joined_ != Term{}; }
  [[nodiscard]] Term joined() const { return joined_; }           // the first that welcomed it
  [[nodiscard]] Instant heard() const { return heard_; }          // an allocator, or a candidate that it voted for

  enum class Hearing : std::uint8_t { older, known, newer };
  // A message of the allocator's kind. Older: not to be obeyed. Newer: it has another allocator from now on.
  Hearing hears(Rank from, Term term, Instant now);
  void welcomed(Duration lease);  // by the allocator just heard; how long its lease is

  // What speaks against giving the vote; in a trial nothing is promised. `dead`: whose processes have ended, as far
  // as is known here.
  [[nodiscard]] std::optional<Failure> objection(msg::AskVote const& question, std::set<Rank> const& dead,
                                                 Instant now) const;
  std::optional<Failure> cast(Rank candidate, msg::AskVote const& question, std::set<Rank> const& dead, Instant now);

 private:
  [[nodiscard]] Instant promised_until() const { return heard_ + lease_ + lease_ / 16; }

  Rank self_;
  Term term_, joined_;
  Rank allocator_{no_rank}, former_{no_rank};
  Rank promised_to_{no_rank};
  Duration lease_{0};
  Instant heard_;
};

}  // namespace godwit::custody
