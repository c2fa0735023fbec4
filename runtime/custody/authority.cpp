#include "custody/authority.hpp"

#include <algorithm>
#include <functional>

#include "base/mutation.hpp"

namespace godwit::custody {

Authority::Authority(std::set<Rank> electorate, Duration lease)
    : electorate_(std::move(electorate)), lease_(lease) {
  look();
}

void Authority::counts_always(Rank member) {
  ends_[member] = for_ever;
  counted_always_.insert(member);
  look();
}

void Authority::joined(Rank member, Instant welcomed) {
  ends_[member] = welcomed + lease_;
  counted_always_.erase(member);
  look();
}

void Authority::leased(Rank member, Instant said) {
  leased_until(member, said + lease_);
}

void Authority::leased_until(Rank member, Instant end) {
  auto& known = ends_[member];
  if (end <= known) return;
  known = end;
  look();
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
  look();
}

bool Authority::is_complete(Rank self) const {
  return counted_always_.empty() || counted_always_ == std::set{self};
}

void Authority::look() {
  auto members = electorate_;
  until_ = until_of(members);
  for (auto const member : leaving_) {
    members.erase(member);
    auto const without = until_of(members);
    until_ = mutated(Mutation::count_out_at_once) ? without : std::min(until_, without);
  }
}

Instant Authority::until_of(std::set<Rank> const& members) const {
  std::vector<Instant> ends;
  for (auto const member : members) {
    auto const end = ends_.find(member);
    if (end != ends_.end()) ends.push_back(end->second);
  }
  auto const needed = mutated(Mutation::lead_a_minority) ? 1 : (members.size() + 1) / 2;
  if (needed == 0 || ends.size() < needed) return {};
  auto const last = ends.begin() + static_cast<std::ptrdiff_t>(needed - 1);
  std::nth_element(ends.begin(), last, ends.end(), std::greater{});
  return *last;
}

}  // namespace godwit::custody
