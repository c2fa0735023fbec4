// Whose job is made to wait so that a request of an account with a lower key can start.
#include <algorithm>

#include "base/mutation.hpp"
#include "policy/scheduler_state.hpp"

namespace godwit::policy {

// For one request: goes through the tree, from where the paths part highest up.
struct Scheduler::State::Search {
  State& state;
  Entry const& entry;

  [[nodiscard]] std::optional<Preemption> victim() const {
    auto const path = state.path_of(entry.account);
    for (auto const own : path) {
      for (auto const rival : rivals(own)) {
        auto found = in(rival);
        if (!found) continue;
        found->victim_account = rival;
        found->account = own;
        found->victim_key = state.nodes[rival].key;
        found->key = state.nodes[own].key;
        return found;
      }
    }
    return std::nullopt;
  }

 private:
  // Siblings from the highest key down, as long as that exceeds its own by more than the margin.
  [[nodiscard]] std::vector<Node> rivals(Node own) const {
    auto const least = state.nodes[own].key + state.tuning.margin;
    std::vector<Node> found;
    for (auto const sibling : state.tree[state.tree[own].parent].children) {
      if (sibling != own && state.nodes[sibling].running > 0 && state.nodes[sibling].key > least) {
        found.push_back(sibling);
      }
    }
    return highest_first(std::move(found));
  }

  [[nodiscard]] std::vector<Node> highest_first(std::vector<Node> nodes) const {
    std::ranges::stable_sort(nodes, [&](Node a, Node b) { return state.nodes[a].key > state.nodes[b].key; });
    if (mutated(Mutation::preempt_the_lowest)) std::ranges::reverse(nodes);
    return nodes;
  }

  [[nodiscard]] std::optional<Preemption> in(Node node) const {
    if (!state.tree.is_group(node)) return of_account(node);
    for (auto const member : highest_first(state.tree[node].children)) {
      if (state.nodes[member].running == 0) continue;
      if (auto found = in(member)) return found;
    }
    return std::nullopt;
  }

  // The one most recently started that has run its quantum.
  [[nodiscard]] std::optional<Preemption> of_account(Node account) const {
    auto const& jobs = state.nodes[account].jobs;
    auto const quantum = mutated(Mutation::skip_the_quantum) ? Duration{0} : state.tuning.quantum_min;
    auto const latest = Instant{} + (state.now - Instant{} - quantum);
    for (auto at = jobs.upper_bound({latest, last_job}); at != jobs.begin();) {
      auto const job = (--at)->second;
      auto const& one = state.running.at(job);
      if (one.further.empty() && makes_room(job, one.stay.host)) {
        return Preemption{.victim = job, .host = one.stay.host, .for_whom = entry.job};
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] bool makes_room(JobId job, Rank rank) const {
    auto const& demand = entry.of->demand;
    if (entry.of->pinned() && rank != demand.host) return false;
    auto const& host = state.hosts.at(rank);
    if (!host.open || state.preempted_hosts.contains(rank) || !state.may_take(entry, rank)) return false;
    auto const group = state.together.find(demand.together);
    if (group != state.together.end() && !(group->second.size() == 1 && group->second.contains(rank)))
      return false;
    auto const& victim = state.running.at(job).of->demand;
    if (demand.cores > host.room.free_cores() + victim.cores) return false;
    auto room = host.room;
    room.give_back(victim);
    return room.fits(demand);
  }

  static constexpr JobId last_job{~std::uint64_t{0}};
};

// The first of that class that could be given a job's room in this interval.
Entry* Scheduler::State::first_to_ask(DemandClass const& one, Branch const& branch) const {
  for (auto const& [place, entry] : branch.line) {
    if (in_vain.contains({&one, branch.node})) return nullptr;
    if (!preempted_for.contains(entry->job)) return entry;
  }
  for (auto const& member : branch.members) {
    if (auto* const entry = first_to_ask(one, *member.branch)) return entry;
  }
  return nullptr;
}

std::optional<Preemption> Scheduler::State::preempt() {
  if (!policy->preempts() || !by_account()) return std::nullopt;
  while (true) {
    std::vector<Candidate> asking;
    for (auto* one : tracked) {
      auto const top = one->branches.find(root);
      if (top == one->branches.end()) continue;
      auto* const entry = first_to_ask(*one, top->second);
      if (entry != nullptr && !host_for(*entry)) asking.push_back({entry, no_rank});
    }
    auto* const asks = best_of(asking).entry;
    if (asks == nullptr) return std::nullopt;
    auto const found = Search{*this, *asks}.victim();
    if (!found) {
      in_vain.emplace(asks->of, asks->account);
      continue;
    }
    preempted_for.insert(asks->job);
    preempted_hosts.insert(found->host);
    return found;
  }
}

}  // namespace godwit::policy
