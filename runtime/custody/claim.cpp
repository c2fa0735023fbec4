#include "custody/claim.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/mutation.hpp"

namespace godwit::custody {

bool is_majority(std::set<Rank> const& electorate, std::set<Rank> const& voters) {
  auto const votes =
      std::ranges::count_if(electorate, [&](Rank member) { return voters.contains(member); });
  return static_cast<std::size_t>(votes) * 2 > electorate.size();
}

std::set<Rank> without(std::set<Rank> const& electorate, std::set<Rank> const& left_out) {
  auto rest = electorate;
  for (auto const rank : left_out) rest.erase(rank);
  return rest;
}

std::optional<Failure> flaw_of(Claim const& claim, std::set<Rank> const& electorate, Term world, Instant now) {
  auto const members = without(electorate, claim.ended);
  if (world > claim.joined) {
    return reject("another_world", fmt::format("a new world began with term {}: this one is over", world));
  }
  if (!members.contains(claim.candidate)) {
    return reject("counts_as_dead", fmt::format("host {} counts as dead in the ledger", claim.candidate));
  }
  if (!is_majority(members, claim.voters) && !mutated(Mutation::claim_unchecked)) {
    return reject("no_majority", fmt::format("{} hosts voted for term {}, which are no majority of the {} that may",
                                             claim.voters.size(), claim.term, members.size()));
  }
  if (now >= claim.lease_until) {
    return retry_later("too_late", fmt::format("the votes for term {} had run out when the ledger was read",
                                               claim.term));
  }
  return std::nullopt;
}

}  // namespace godwit::custody
