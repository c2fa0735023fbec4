#include "explorer/encoding.hpp"

#include <algorithm>

#include "explorer/world.hpp"

namespace godwit::explorer {

void Host::encode_to(Bytes& bytes, Names const& names) const {
  put(bytes, (up_ ? 1U : 0U) | (leased_ ? 2U : 0U));
  put(bytes, term_.value);
  unsigned dead = 0;
  for (std::size_t rank = 1; rank < names.size(); ++rank) {
    if (dead_ >> rank & 1U) dead |= 1U << names[rank];
  }
  put(bytes, dead);
  put(bytes, holdings_.size());
  for (auto const& held : holdings_) {
    put(bytes, held.job.value);
    put(bytes, held.epoch.value);
    put(bytes, static_cast<std::uint64_t>(held.phase) | (held.last_word_due ? 16U : 0U) |
                   (held.superseded ? 32U : 0U) | (held.died ? 64U : 0U));
    put(bytes, held.arrival ? 1 + static_cast<std::uint64_t>(held.arrival->phase()) : 0);
    if (held.arrival) {
      put(bytes, held.arrival->source(), names);
      put(bytes, held.arrival->source_epoch().value);
      put(bytes, held.arrival->thaw_epoch().value);
    }
    put(bytes, held.departure ? 1 + static_cast<std::uint64_t>(held.departure->phase()) : 0);
    if (held.departure) {
      put(bytes, held.departure->target(), names);
      put(bytes, held.departure->target_epoch().value);
      put(bytes, held.departure->thaw_epoch().value);
    }
  }
  put(bytes, confirmed_);
  put(bytes, reports_.size());
  for (auto const& report : reports_) put(bytes, report, names);
}

void Allocator::encode_to(Bytes& bytes, Names const& names) const {
  put(bytes, up_ ? 1 : 0);
  put(bytes, term_.value);
  for (auto const& [job, record] : ledger_->jobs()) {
    put(bytes, static_cast<std::uint64_t>(record.state));
    put(bytes, record.host, names);
    put(bytes, record.epoch.value);
    put(bytes, record.newest_epoch.value);
    put(bytes, record.host_losses);
    put(bytes, record.intent ? 1 : 0);
    if (record.intent) {
      put(bytes, record.intent->source, names);
      put(bytes, record.intent->target, names);
      put(bytes, record.intent->target_epoch.value);
      put(bytes, record.intent->thaw_epoch.value);
    }
    auto const& desk = desks_.at(job);
    put(bytes, (desk.departed ? 1U : 0U) | (desk.refused ? 2U : 0U) | (desk.cancelling ? 4U : 0U));
  }
  std::vector<std::uint8_t> presences(names.size());
  for (auto const& [rank, presence] : presences_) {
    presences[names[static_cast<std::size_t>(rank.value)]] =
        static_cast<std::uint8_t>(static_cast<unsigned>(presence) | (ledger_->is_lost(rank) ? 4U : 0U) |
                                  (is_proven(rank) ? 8U : 0U) | (is_fenced(rank) ? 16U : 0U));
  }
  put(bytes, departures_.size());
  for (auto const& awaited : departures_) {
    put(bytes, awaited.job.value);
    put(bytes, awaited.target_epoch.value);
    put(bytes, awaited.source, names);
    put(bytes, awaited.target, names);
  }
  for (auto const presence : presences) put(bytes, presence);
}

// A host as it is by itself, whatever anybody is called: hosts that differ in this needn't be tried in each
// other's place.
std::vector<std::uint64_t> World::faces() const {
  Names const nobody(hosts_.size() + 1, 0);
  std::vector<std::uint64_t> faces(1);
  Bytes bytes;
  for (auto const& host : hosts_) {
    auto const self = place_of(host.self());
    bytes.clear();
    host.encode_to(bytes, nobody);
    put(bytes, static_cast<std::uint64_t>(allocator_.presence(host.self())));
    for (auto const& [job, record] : allocator_.ledger().jobs()) {
      put(bytes, (record.host == host.self() ? 1U : 0U) |
                     (record.intent && record.intent->source == host.self() ? 2U : 0U) |
                     (record.intent && record.intent->target == host.self() ? 4U : 0U));
    }
    std::uint64_t flying = 0;  // a sum: in no order
    for (auto const& [route, packets] : flying_) {
      if (route.first != self && route.second != self) continue;
      auto const kind = static_cast<std::uint64_t>(packets.front().kind) + 1;
      flying += kind * kind * (route.first == self ? 1U : 7U) + packets.size() * 1000;
    }
    put(bytes, flying & 255U);
    put(bytes, flying >> 8 & 255U);
    faces.push_back(digest_of(bytes).value);
  }
  return faces;
}

std::uint64_t World::key_as(Names const& names) const {
  auto const name = [&](Place place) {
    return is_allocator(place) ? static_cast<std::uint8_t>(place) : names[static_cast<std::size_t>(place)];
  };
  Bytes bytes;
  bytes.reserve(512);
  for (auto const number : {left_.moves, left_.cancels, left_.refusals, left_.finishes, left_.crashes,
                            left_.host_deaths, left_.allocator_deaths, left_.cut_offs}) {
    put(bytes, number);
  }
  for (auto const epoch : newest_run_) put(bytes, epoch.value);
  allocator_.encode_to(bytes, names);
  std::vector<Host const*> hosts(names.size());
  for (auto const& host : hosts_) hosts[names[static_cast<std::size_t>(host.self().value)]] = &host;
  for (std::size_t i = 1; i < hosts.size(); ++i) hosts[i]->encode_to(bytes, names);
  std::vector<std::pair<std::pair<std::uint8_t, std::uint8_t>, std::vector<Packet> const*>> flying;
  for (auto const& [route, packets] : flying_)
    flying.push_back({{name(route.first), name(route.second)}, &packets});
  std::ranges::sort(flying);
  for (auto const& [route, packets] : flying) {
    put(bytes, route.first);
    put(bytes, route.second);
    put(bytes, packets->size());
    for (auto const& packet : *packets) put(bytes, packet, names);
  }
  return digest_of(bytes).value;
}

// The least of those that it has under any naming of its hosts in the order of their faces.
std::uint64_t World::key() const {
  Names names(hosts_.size() + 1);
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = static_cast<std::uint8_t>(i);
  if (scenario_.ring) return key_as(names);
  auto const faces = this->faces();
  std::vector<std::size_t> order;  // of hosts, by face
  for (std::size_t i = 1; i < names.size(); ++i) order.push_back(i);
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair{faces[i], i}; });
  std::optional<std::uint64_t> least;
  do {
    if (!std::ranges::is_sorted(order, {}, [&](std::size_t i) { return faces[i]; })) continue;
    for (std::size_t i = 0; i < order.size(); ++i) names[order[i]] = static_cast<std::uint8_t>(i + 1);
    auto const digest = key_as(names);
    least = least ? std::min(*least, digest) : digest;
  } while (std::ranges::next_permutation(order, {}, [&](std::size_t i) {
             return std::pair{faces[i], i};
           }).found);
  return *least;
}

}  // namespace godwit::explorer
