#include "custody/candidacy.hpp"

namespace godwit::custody {

Candidacy::Candidacy(Rank self, std::set<Rank> electorate, std::set<Rank> ended, Duration lease)
    : self_(self), electorate_(std::move(electorate)), ended_(std::move(ended)), lease_(lease) {}

msg::AskVote Candidacy::try_for(Term term, Rank allocator_ended, Instant now) {
  question_ = {term, now, allocator_ended, true};
  voters_ = {self_};
  return question_;
}

msg::AskVote Candidacy::ask(Instant now) {
  question_.sent = now;
  question_.trial = false;
  voters_ = {self_};
  return question_;
}

Candidacy::Standing Candidacy::hears(Rank from, msg::Vote const& vote, Instant now) {
  bool const asked = vote.term == question_.term && vote.sent == question_.sent && vote.trial == question_.trial;
  if (!asked || vote.refusal || !electorate_.contains(from)) return Standing::open;
  voters_.insert(from);
  return standing(now);
}

Candidacy::Standing Candidacy::standing(Instant now) const {
  if (now >= question_.sent + lease_ || !is_majority(without(electorate_, ended_), voters_)) return Standing::open;
  return question_.trial ? Standing::would_win : Standing::elected;
}

std::set<Rank> Candidacy::others() const {
  auto others = electorate_;
  others.erase(self_);
  others.erase(allocator_rank);  // of rank 0 there is no host
  return others;
}

Claim Candidacy::claim(Term joined) const {
  return {question_.term, self_, joined, voters_, ended_, question_.sent + lease_};
}

}  // namespace godwit::custody
