#include "custody/ballot.hpp"

#include <fmt/format.h>

#include "base/mutation.hpp"

namespace godwit::custody {

Ballot::Hearing Ballot::hears(Rank from, Term term, Instant now) {
  if (term < term_) return Hearing::older;
  bool const newer = term > term_ || allocator_ == no_rank;
  // Its log was created exclusively: a term can't have two allocators.
  if (!newer && from != allocator_) return Hearing::older;
  term_ = term;
  allocator_ = former_ = promised_to_ = from;
  heard_ = now;
  return newer ? Hearing::newer : Hearing::known;
}

void Ballot::welcomed(Duration lease) {
  lease_ = lease;
  if (joined_ == Term{}) joined_ = term_;
}

std::optional<Failure> Ballot::objection(msg::AskVote const& question, std::set<Rank> const& dead,
                                           Instant now) const {
  bool const again = question.term == term_ && mutated(Mutation::vote_twice);
  if (again) return std::nullopt;
  if (question.term <= term_) {
    return reject("old_term", fmt::format("host {} knows term {} already", self_, term_));
  }
  auto const ended = [&](Rank rank) { return question.ended == rank || dead.contains(rank); };
  if (!has_joined()) {
    // The world's first allocator counts on it until it has joined.
    if (ended(allocator_rank) && term_ == Term{}) return std::nullopt;
    return reject("not_joined", fmt::format("host {} hasn't joined this world yet", self_));
  }
  if (ended(promised_to_) || now >= promised_until() || mutated(Mutation::vote_while_leased))
    return std::nullopt;
  return retry_later("leased", fmt::format("host {} leases rank {}", self_, promised_to_));
}

std::optional<Failure> Ballot::cast(Rank candidate, msg::AskVote const& question, std::set<Rank> const& dead,
                                      Instant now) {
  if (auto why = objection(question, dead, now)) return why;
  term_ = question.term;
  allocator_ = no_rank;
  promised_to_ = candidate;
  heard_ = now;
  return std::nullopt;
}

}  // namespace godwit::custody
