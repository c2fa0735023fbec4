#include "policy/partner.hpp"

#include <algorithm>
#include <optional>

namespace godwit::policy {

namespace {

class Choice {
 public:
  explicit Choice(Nodes const& hosts) : hosts_(hosts) {
    for (auto const& [host, node] : hosts) wards_[host] = 0;
  }

  [[nodiscard]] bool fits(Rank host, Rank partner) const {
    auto const at = hosts_.find(partner);
    if (at == hosts_.end() || partner == host) return false;
    auto const& node = hosts_.at(host);
    bool const elsewhere = std::ranges::any_of(hosts_, [&](auto const& one) { return one.second != node; });
    return !elsewhere || at->second != node;
  }
  void take(Rank partner) { ++wards_[partner]; }

  [[nodiscard]] std::optional<Rank> best_for(Rank host) const {
    std::optional<Rank> best;
    auto const consider = [&](Rank candidate) {
      if (fits(host, candidate) && (!best || wards_.at(candidate) < wards_.at(*best))) best = candidate;
    };
    for (auto at = hosts_.upper_bound(host); at != hosts_.end(); ++at) consider(at->first);
    for (auto at = hosts_.begin(); at->first != host; ++at) consider(at->first);
    return best;
  }

 private:
  Nodes const& hosts_;
  std::map<Rank, std::size_t> wards_;  // for how many each keeps copies
};

}  // namespace

Partners choose_partners(Nodes const& hosts, Partners const& present) {
  Choice choice(hosts);
  Partners partners;
  for (auto const& [host, partner] : present) {
    if (!hosts.contains(host) || !choice.fits(host, partner)) continue;
    partners[host] = partner;
    choice.take(partner);
  }
  for (auto const& [host, node] : hosts) {
    if (partners.contains(host)) continue;
    auto const partner = choice.best_for(host);
    if (!partner) continue;
    partners[host] = *partner;
    choice.take(*partner);
  }
  return partners;
}

}  // namespace godwit::policy
