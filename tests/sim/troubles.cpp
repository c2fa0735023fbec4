#include <fmt/format.h>

#include <algorithm>

#include "sim/universe.hpp"

namespace godwit::sim {

void Universe::act(Action const& action) {
  if (is_fault(action.what)) {
    trace_.say(fmt::format("── {} {} {} for {:.3f} s{}", name_of(action.what), action.a, action.b,
                           std::chrono::duration<double>(action.span).count(), action.proven ? "" : ", unproven"));
    return trouble(action);
  }
  if (action.what == Do::submit) return submit(action.a % scenario_.plans.size());
  if (action.what == Do::drain) return drain(action);
  if (action.what != Do::stop_and_start) return order(action);
  if (leader() == nullptr || stop_) return;
  start_after_stop_ = true;
  stop();
}

void Universe::kill_host(Action const& action, bool node) {
  auto const hosts = living_hosts();
  if (hosts.size() < 2) return;
  ++faults_[action.proven ? "host dies, proven" : "host dies, unproven"];
  if (node) ++faults_["node loses power"];
  hosts_lost_ = true;
  auto& victim = *hosts[action.a % hosts.size()];
  victim.kill(node);
  if (action.proven) tell_deaths(*present(), victim.rank());
}

void Universe::kill_allocator(Action const& action) {
  if (!scenario_.deputies) return;
  ++faults_[action.proven ? "allocator dies, proven" : "allocator dies, unproven"];
  hosts_lost_ = true;
  auto& victim = *leader();
  victim.kill(action.b % 3 == 0);
  if (action.proven) tell_deaths(*present(), victim.rank());
  look_who_lives(*present());
}

// Who lingers is told to go by nobody. It must not be able to elect an allocator: then the world hasn't ended.
void Universe::kill_world(Action const& action) {
  auto& world = *present();
  ++faults_[action.proven ? "world dies" : "world dies, hosts linger"];
  auto may_linger = world.ranks.size();
  if (scenario_.deputies) {
    auto voters = audit_.ledger().electorate();  // without those whose death the others may know, and leave out
    std::erase_if(voters, [&](Rank rank) { return !world.ranks.at(static_cast<std::size_t>(rank.value))->lives(); });
    may_linger = voters.size() / 2;
  }
  for (auto const& rank : world.ranks) {
    bool const wants = !action.proven && rank->rank() != allocator_rank && random_.below(2) == 0;
    if (wants && may_linger > 0 && !rank->may_lead()) {
      --may_linger;
      lingering_until_ = scheduler_.now() + scenario_.allocator.lease * 2;
    } else {
      rank->kill(action.b % 2 == 0);
    }
  }
  world_over(world, std::min<Duration>(action.span, 20s), static_cast<int>(1 + action.b % 8));
}

// The allocator and some hosts don't hear the others any more, nor these them: for a while, or as long as there is
// trouble.
void Universe::part(Action const& action) {
  auto& world = *present();
  auto const ours = [&](Rank rank) { return rank == leader()->rank() || (action.b >> rank.value & 1) == 0; };
  links_harmed_ = true;
  ++faults_[action.proven ? "ranks parted for a while" : "ranks parted"];
  for (auto const& a : world.ranks) {
    for (auto const& b : world.ranks) {
      if (!ours(a->rank()) || ours(b->rank())) continue;
      if (action.proven) world.network->hold_up(a->rank(), b->rank(), scheduler_.now() + action.span);
      if (!action.proven) links_cut_ = true, world.network->silence(a->rank(), b->rank());
    }
  }
}

void Universe::trouble(Action const& action) {
  auto* const world = present();
  auto const now = scheduler_.now();
  auto const hosts = living_hosts();
  auto const until = now + action.span;
  auto* const host = hosts.empty() ? nullptr : hosts[action.a % hosts.size()];
  switch (action.what) {
    case Do::store_full: disk_.full_until = until; ++faults_["store full"]; return;
    case Do::store_fails: disk_.failing_until = until; ++faults_["store fails to write"]; return;
    case Do::reads_fail:
      disk_.reads_failing_until = until; images_harmed_ = true; census_.images_harmed(); ++faults_["store fails to read"]; return;
    case Do::names_stale:
      disk_.stale_until = until; images_harmed_ = true; census_.images_harmed(); ++faults_["stale names"]; return;
    case Do::store_slow:
      disk_.slow = 50; ++faults_["store slow"];
      return scheduler_.after(action.span, [this] { disk_.slow = 1; });
    case Do::image_damaged: {
      if (disk_.images.empty()) return;
      auto const at = std::next(disk_.images.begin(), static_cast<std::ptrdiff_t>(action.a % disk_.images.size()));
      at->second.damaged = true;
      images_harmed_ = true, census_.images_harmed(), ++faults_["image damaged"];
      return;
    }
    default: break;
  }
  if (world == nullptr || host == nullptr || leader() == nullptr) return;
  switch (action.what) {
    case Do::crash_capsule: {
      for (std::size_t k = 0; k < hosts.size(); ++k) {
        auto* const there = hosts[(action.a + k) % hosts.size()];
        for (auto const& [job, record] : audit_.ledger().jobs()) {
          if (record.host != there->rank() || record.spec.crash_limit < crashes_enough) continue;
          if (there->capsules()->crash(job)) { ++faults_["capsule crashes"]; return; }
        }
      }
      return;
    }
    case Do::refuse_arrival:
      if (action.b % 2 == 0) return host->capsules()->refuse_next(), void(++faults_["capsule can't be prepared"]);
      return host->capsules()->kill_next_restored(), void(++faults_["capsule dies restoring"]);
    case Do::host_dies: return kill_host(action, false);
    case Do::node_dies: return kill_host(action, true);
    case Do::world_dies: return kill_world(action);
    case Do::allocator_dies: return kill_allocator(action);
    case Do::allocator_parted: return part(action);
    case Do::allocator_stalls:
      ++faults_["allocator stalls"];
      links_harmed_ = links_harmed_ || scenario_.deputies;
      return leader()->stop_until(until, true);
    case Do::host_stalls: links_harmed_ = true; ++faults_["host stalls"]; return host->stop_until(until, false);
    case Do::node_stalls: links_harmed_ = true; ++faults_["node stalls"]; return host->stop_until(until, true);
    case Do::link_late:
    case Do::link_silent:
    case Do::link_slow: {
      Rank const a = host->rank();
      Rank b{static_cast<std::int32_t>(action.b % world->ranks.size())};
      if (a == b) b = allocator_rank;
      links_harmed_ = true;
      if (action.what == Do::link_late) ++faults_["link late"], world->network->hold_up(a, b, until);
      if (action.what == Do::link_silent) ++faults_["link silent"], links_cut_ = true, world->network->silence(a, b);
      if (action.what == Do::link_slow) ++faults_["link slow"], world->network->slow_down(a, b, 100);
      return;
    }
    case Do::journal_breaks:
      ++faults_["journal breaks"];
      if (auto* const journal = leader()->journal()) journal->break_off();
      leader()->wake(1ms);
      return;
    default: return;
  }
}

}  // namespace godwit::sim
