// Authority: how long an allocator may act. It leads while at least half of those who have a say lease it: each has
// promised to vote for nobody else before an instant that comes later than the one counted here. Half is enough, for
// the others are no majority then, and only a majority elects. Why this suffices: ADR 0009.
//
// Who is lost leaves the electorate, but not before that is confirmed: in the log, durably, and the allocator led
// still when it was. Until then, a candidate may find the log with or without it; so half is asked of the electorate
// as it was, and of what each prefix of the open departures leaves of it.
//
// All instants are of the allocator's own clock. A pure class.
#pragma once

#include <cstdint>
#include <limits>
#include <set>
#include <vector>

#include "base/ids.hpp"
#include "base/table.hpp"
#include "base/time.hpp"
#include "custody/ranking.hpp"

namespace godwit::custody {

inline constexpr Instant for_ever{std::numeric_limits<std::int64_t>::max()};

class Authority {
 public:
  Authority() = default;  // over nobody: never
  Authority(std::set<Rank> electorate, Duration lease);

  // It has promised nothing, and can't vote either: the allocator's own rank without a host, a host that hasn't
  // joined yet.
  void counts_always(Rank member);
  void joined(Rank member, Instant welcomed);   // from then on its promises count, and it can vote
  void leased(Rank member, Instant said);       // it has heard what was said then. Late or stale: changes nothing
  void leased_until(Rank member, Instant end);  // by its vote

  // It leaves the electorate. The number of the change, to be confirmed.
  std::uint64_t leaves(Rank member);
  void confirmed(std::uint64_t change);

  // From then on, fewer than half may lease it. {}: they never did.
  [[nodiscard]] Instant until() const { return until_; }
  [[nodiscard]] bool leads(Instant now) const { return now < until_; }
  [[nodiscard]] std::set<Rank> const& electorate() const { return electorate_; }  // as confirmed
  // Every other member's promises count, none for ever: nobody who ended long ago is counted on any more.
  [[nodiscard]] bool is_complete(Rank self) const;
  [[nodiscard]] std::set<Rank> const& lost() const { return lost_; }              // who has left it, confirmed

 private:
  void set_end(Rank member, Instant end);
  void rank();
  void look();
  [[nodiscard]] Instant until_of(std::set<Rank> const& members) const;

  std::set<Rank> electorate_, lost_;
  std::set<Rank> counted_always_;
  Duration lease_{0};
  RankTable<Instant> ends_;
  Ranking ranking_;            // of the electorate's
  std::vector<Rank> leaving_;  // in the order in which the log has it
  std::uint64_t changes_{0};
  Instant until_;
};

}  // namespace godwit::custody
