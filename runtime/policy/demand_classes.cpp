// The classes of demands, and on which hosts each fits.
#include <algorithm>

#include "policy/scheduler_state.hpp"

namespace godwit::policy {

namespace {

constexpr std::size_t idle_classes_max = 8;  // whose hosts are kept listed: for the next request of that kind

}  // namespace

DemandClass& Scheduler::State::class_of(Demand const& demand) {
  auto& one = classes[demand];
  if (!one) {
    one = std::make_unique<DemandClass>();
    one->demand = demand;
  }
  return *one;
}

void Scheduler::State::is_wanted(DemandClass& one) {
  std::erase(idle, &one);
  if (!one.tracked) track(one);
}

void Scheduler::State::may_be_idle(DemandClass& one) {
  if (!one.lots.empty()) return;
  if (one.tracked && std::ranges::find(idle, &one) == idle.end()) idle.push_back(&one);
  if (idle.size() > idle_classes_max) {
    auto& longest = *idle.front();
    idle.erase(idle.begin());
    untrack(longest);
    if (&longest != &one) may_be_idle(longest);
  }
  if (!one.tracked && one.running == 0) classes.erase(Demand(one.demand));
}

void Scheduler::State::track(DemandClass& one) {
  one.tracked = true;
  tracked.push_back(&one);
  if (one.pinned()) return;
  for (auto const& [rank, host] : hosts) list(one, host, host.place);
}

void Scheduler::State::untrack(DemandClass& one) {
  one.tracked = false;
  std::erase(tracked, &one);
  one.hosts.clear();
  one.is_listed.clear();
}

void Scheduler::State::refit(Host& host) {
  auto const former = host.place;
  auto const taken = std::int64_t{host.room.taken_cores()};
  host.place.taken = tuning.goal == Goal::consolidate ? -taken : taken;
  host.place.cores = std::max(host.room.has().cores, 1);
  for (auto* one : tracked) {
    if (!one->pinned()) list(*one, host, former);
  }
}

// `former`: where the host is in the classes' orders until now.
void Scheduler::State::list(DemandClass& one, Host const& host, HostPlace const& former) {
  auto const at = static_cast<std::size_t>(host.place.host.value);
  if (one.is_listed.size() <= at) one.is_listed.resize(at + 1);
  bool const fits = host.open && host.room.fits(one.demand);
  if (one.is_listed[at] && fits) {
    if (host.place == former) return;
    one.hosts.erase(former);
    one.hosts.insert(host.place);
  } else if (one.is_listed[at]) {
    one.hosts.erase(former);
  } else if (fits) {
    one.hosts.insert(host.place);
  }
  one.is_listed[at] = fits;
}

bool Scheduler::State::is_possible(DemandClass& one) {
  if (one.possible) return *one.possible;
  auto const could = [&](auto const& at) {
    auto const& [rank, host] = at;
    return host.open && (!one.pinned() || rank == one.demand.host) && !host.room.never(one.demand);
  };
  one.possible = std::ranges::any_of(hosts, could);
  return *one.possible;
}

void Scheduler::State::possibilities_changed() {
  for (auto& [demand, one] : classes) one->possible.reset();
}

}  // namespace godwit::policy
