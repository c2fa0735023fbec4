// Candidacy: a host's try to become the allocator of the next term, in two rounds. In the first, the trial, the
// others only say whether they would vote for it: so a host that is cut off, and asks again and again, disturbs
// nobody. Once a majority would, it votes for itself and asks for promises. A pure class.
//
// Which majority counts is what this host knows of the electorate; the ledger is asked afterwards: claim.hpp.
#pragma once

#include <optional>
#include <set>

#include "base/time.hpp"
#include "custody/claim.hpp"
#include "message/message.hpp"

namespace godwit::custody {

class Candidacy {
 public:
  // `ended`: those of the electorate whose processes have surely ended: no voters any more.
  Candidacy(Rank self, std::set<Rank> electorate, std::set<Rank> ended, Duration lease);

  // A round begins: what to ask. `allocator_ended`: to whom nobody's promise counts any more; no_rank: none.
  msg::AskVote try_for(Term term, Rank allocator_ended, Instant now);
  msg::AskVote ask(Instant now);  // in earnest; it has voted for itself

  enum class Standing : std::uint8_t { open, would_win, elected };
  // A vote, or what one would be. Late ones, and those of another round, change nothing.
  Standing hears(Rank from, msg::Vote const& vote, Instant now);
  [[nodiscard]] Standing standing(Instant now) const;  // with none but its own vote, perhaps

  [[nodiscard]] std::set<Rank> others() const;  // to be asked
  [[nodiscard]] msg::AskVote const& question() const { return question_; }
  [[nodiscard]] Claim claim(Term joined) const;

 private:
  Rank self_;
  std::set<Rank> electorate_, ended_;
  Duration lease_;
  msg::AskVote question_;
  std::set<Rank> voters_;
};

}  // namespace godwit::custody
