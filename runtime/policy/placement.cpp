#include "policy/placement.hpp"

#include <algorithm>

namespace godwit::policy {

namespace {

// jobs/slots, compared without dividing. A host without slots counts as having one.
bool less_loaded(HostLoad const& a, HostLoad const& b) {
  auto const left = std::int64_t{a.jobs} * std::max(b.slots, 1);
  auto const right = std::int64_t{b.jobs} * std::max(a.slots, 1);
  return left != right ? left < right : a.host < b.host;
}

template <class Fits>
std::optional<Rank> least_loaded(std::span<HostLoad const> hosts, Fits fits) {
  HostLoad const* best = nullptr;
  for (auto const& host : hosts) {
    if (fits(host) && (best == nullptr || less_loaded(host, *best))) best = &host;
  }
  if (best == nullptr) return std::nullopt;
  return best->host;
}

}  // namespace

std::optional<Rank> place_job(std::span<HostLoad const> hosts) {
  return least_loaded(hosts, [](HostLoad const& host) { return host.jobs < host.slots; });
}

std::optional<Rank> place_move(std::span<HostLoad const> hosts, Rank source) {
  return least_loaded(hosts, [source](HostLoad const& host) { return host.host != source; });
}

}  // namespace godwit::policy
