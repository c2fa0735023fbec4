// Claim: what a candidate that was elected asks of the ledger, before it may begin its term. The votes were
// counted by what hosts know; whether they were a majority of those who may vote, only the ledger tells.
// Pure functions. ADR 0009.
#pragma once

#include <optional>
#include <set>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace godwit::custody {

struct Claim {
  Term term;
  Rank candidate{-1};
  Term joined;             // the term in which it was welcomed to this world
  std::set<Rank> voters;   // itself included
  std::set<Rank> ended;    // whose processes had surely ended when the votes were counted: no voters any more
  Instant lease_until;     // the first of the votes runs out then
};

// More than half of the electorate.
[[nodiscard]] bool is_majority(std::set<Rank> const& electorate, std::set<Rank> const& voters);
[[nodiscard]] std::set<Rank> without(std::set<Rank> const& electorate, std::set<Rank> const& left_out);

// What speaks against it, once the ledger has been read: `electorate` and `world` (the term with which this world
// began) are the ledger's.
[[nodiscard]] std::optional<Failure> flaw_of(Claim const& claim, std::set<Rank> const& electorate, Term world,
                                             Instant now);

}  // namespace godwit::custody
