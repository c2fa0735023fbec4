#include "custody/authority.hpp"

#include <algorithm>

#include "base/mutation.hpp"

namespace godwit::custody {

namespace {

std::size_t half_of(std::size_t members) {
  return mutated(Mutation::lead_a_minority) ? 1 : (members + 1) / 2;
}

}  // namespace

Authority::Authority(std::set<Rank> electorate, Duration lease)
    : electorate_(std::move(electorate)), lease_(lease) {
  rank();
  look();
}

void Authority::counts_always(Rank member) {
  set_end(member, for_ever);
  counted_always_.insert(member);
  look();
}

void Authority::joined(Rank member, Instant welcomed) {
  set_end(member, welcomed + lease_);
  counted_always_.erase(member);
  look();
}

void Authority::leased(Rank member, Instant said) {
  leased_until(member, said + lease_);
}

void Authority::leased_until(Rank member, Instant end) {
  auto const known = ends_.find(member);
  if (end <= (known == ends_.end() ? Instant{} : known->second)) return;
  set_end(member, end);
  look();
}

void Authority::set_end(Rank member, Instant end) {
  auto const [known, fresh] = ends_.try_emplace(member);
  auto const former = fresh ? std::nullopt : std::optional(known->second);
  known->second = end;
  if (electorate_.contains(member)) ranking_.put(member, former, end);
}

void Authority::rank() {
  ranking_ = {};
  ranking_.choose(half_of(electorate_.size()));
  for (auto const member : electorate_) {
    if (auto const end = ends_.find(member); end != ends_.end()) ranking_.put(member, std::nullopt, end->second);
  }
}

std::uint64_t Authority::leaves(Rank member) {
  leaving_.push_back(member);
  look();
  return ++changes_;
}

void Authority::confirmed(std::uint64_t change) {
  auto const open = changes_ - leaving_.size();
  for (auto known = open; known < std::min(change, changes_); ++known) {
    auto const member = leaving_.front();
    leaving_.erase(leaving_.begin());
    electorate_.erase(member);
    lost_.insert(member);
    counted_always_.erase(member);
  }
  rank();
  look();
}

bool Authority::is_complete(Rank self) const {
  return counted_always_.empty() || counted_always_ == std::set{self};
}

// Somebody leaves seldom, and isn't leaving for long: only then are all of them looked at.
void Authority::look() {
  until_ = ranking_.nth().value_or(Instant{});
  auto members = leaving_.empty() ? std::set<Rank>{} : electorate_;
  for (auto const member : leaving_) {
    members.erase(member);
    auto const without = until_of(members);
    until_ = mutated(Mutation::count_out_at_once) ? without : std::min(until_, without);
  }
}

Instant Authority::until_of(std::set<Rank> const& members) const {
  Ranking ranking;
  ranking.choose(half_of(members.size()));
  for (auto const member : members) {
    if (auto const end = ends_.find(member); end != ends_.end()) ranking.put(member, std::nullopt, end->second);
  }
  return ranking.nth().value_or(Instant{});
}

}  // namespace godwit::custody
