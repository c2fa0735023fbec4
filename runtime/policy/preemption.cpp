// Whose job is made to wait so that a request of an account with a lower key can start.
#include <algorithm>

#include "base/mutation.hpp"
#include "policy/scheduler_state.hpp"

namespace godwit::policy {

namespace {

bool is_marked(std::vector<std::uint64_t> const& marks, Node node, std::uint64_t interval) {
  return node < marks.size() && marks[node] == interval;
}

void mark(std::vector<std::uint64_t>& marks, Node node, std::uint64_t interval) {
  if (marks.size() <= node) marks.resize(node + 1);
  marks[node] = interval;
}

}  // namespace

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

  // With that job gone, the request fits there.
  [[nodiscard]] bool makes_room(JobId job, Rank rank) const {
    auto const& demand = entry.of->demand;
    if (entry.of->pinned() && rank != demand.host) return false;
    auto const& host = *state.host_at(rank);
    if (!host.open || !state.may_take(entry, rank)) return false;
    auto const group = state.together.find(demand.together);
    if (group != state.together.end() && !(group->second.size() == 1 && group->second.contains(rank)))
      return false;
    auto const& victim = state.running.at(job).of->demand;
    if (demand.cores > host.room.free_cores() + victim.cores) return false;
    auto room = host.room;
    room.give_back(victim);
    return room.fits(demand);
  }

 private:
  // Siblings from the highest key down, as long as that exceeds its own by more than the margin.
  [[nodiscard]] std::vector<Node> rivals(Node own) const {
    auto const least = state.nodes[own].key + state.tuning.margin;
    std::vector<Node> found;
    for (auto const sibling : state.tree[state.tree[own].parent].children) {
      auto const& node = state.nodes[sibling];
      if (sibling != own && node.running > 0 && node.key > least && may_yield(sibling)) found.push_back(sibling);
    }
    return highest_first(std::move(found));
  }

  [[nodiscard]] bool may_yield(Node node) const { return !is_unyielding(node) && !all_are_young(node); }

  // None in it has run its quantum. What is noted of a node may be of jobs that have ended since: then it is noted anew.
  [[nodiscard]] bool all_are_young(Node node) const {
    auto& own = state.nodes[node];
    if (latest_start() < own.none_before) return true;
    auto first = own.jobs.first();
    for (auto const member : state.tree[node].children) {
      if (!all_are_young(member)) return false;
      first = std::min(first, state.nodes[member].none_before);
    }
    own.none_before = first;
    return latest_start() < first;
  }

  // Of those that have run their quantum.
  [[nodiscard]] Instant latest_start() const {
    auto const quantum = mutated(Mutation::skip_the_quantum) ? Duration{0} : state.tuning.quantum_min;
    return Instant{} + (state.now - Instant{} - quantum);
  }

  [[nodiscard]] std::vector<Node> highest_first(std::vector<Node> nodes) const {
    std::ranges::stable_sort(nodes, [&](Node a, Node b) { return state.nodes[a].key > state.nodes[b].key; });
    if (mutated(Mutation::preempt_the_lowest)) std::ranges::reverse(nodes);
    return nodes;
  }

  // What was looked through in vain for another request of that class isn't again in this interval. Reservations
  // are for single requests: while there are any, one's result says nothing about another's.
  [[nodiscard]] bool is_unyielding(Node node) const {
    return state.reserved.empty() && is_marked(entry.of->unyielding, node, state.intervals);
  }

  [[nodiscard]] std::optional<Preemption> in(Node node) const {
    auto found = state.tree.is_group(node) ? of_group(node) : of_account(node);
    if (!found && state.reserved.empty()) mark(entry.of->unyielding, node, state.intervals);
    return found;
  }

  [[nodiscard]] std::optional<Preemption> of_group(Node group) const {
    std::vector<Node> members;
    for (auto const member : state.tree[group].children) {
      if (state.nodes[member].running > 0 && may_yield(member)) members.push_back(member);
    }
    for (auto const member : highest_first(std::move(members))) {
      if (auto found = in(member)) return found;
    }
    return std::nullopt;
  }

  // The one most recently started that has run its quantum.
  [[nodiscard]] std::optional<Preemption> of_account(Node account) const {
    auto const yields = [&](JobId job) {
      auto const& one = state.running.at(job);
      bool const stays = !one.further.empty() || state.on_its_way.contains(job) ||
                         state.preempted_hosts.contains(one.stay.host);
      return !stays && makes_room(job, one.stay.host);
    };
    auto const job = state.nodes[account].jobs.latest_that(latest_start(), yields);
    if (!job) return std::nullopt;
    return Preemption{.victim = *job, .host = state.running.at(*job).stay.host, .for_whom = entry.job};
  }};

// A victim may take longer than an interval to be checkpointed: until it has let go, whom it makes room for is served.
void Scheduler::State::next_round() {
  ++intervals;
  preempted_hosts.clear();
  preempted_for.clear();
  for (auto const& [victim, for_whom] : on_its_way) preempted_for.insert(for_whom);
}

// Something has changed below: there may be a request that can ask. Not if another of that account did in vain.
void Scheduler::State::may_ask(Branch& branch) {
  if (is_marked(branch.of->in_vain, branch.node, intervals)) return;
  for (auto* up = &branch; up != nullptr; up = up->parent) up->asked_out = 0;
}

// The first of that class that could be given a job's room in this interval.
Entry* Scheduler::State::first_to_ask(DemandClass& one, Branch& branch) {
  if (branch.asked_out == intervals) return nullptr;
  auto const can_ask = [this](Entry const& entry) { return !preempted_for.contains(entry.job); };
  auto* found = is_marked(one.in_vain, branch.node, intervals) ? nullptr : branch.line.first_that(can_ask);
  if (found != nullptr) return found;
  branch.members.in_order(standings(), [&](Members::Seat seat) {
    found = first_to_ask(one, *branch.members.branch(seat));
    return found == nullptr;
  });
  if (found == nullptr) branch.asked_out = intervals;
  return found;
}

// One is on its way out for a request that doesn't wait any more, and makes room for this one.
bool Scheduler::State::takes_over_a_victim(Entry const& entry) {
  Search const search{*this, entry};
  auto const fits = [&](JobId victim) { return search.makes_room(victim, running.at(victim).stay.host); };
  auto const found = std::ranges::find_if(unclaimed, fits);
  if (found == unclaimed.end()) return false;
  on_its_way.at(*found) = entry.job;
  unclaimed.erase(found);
  return true;
}

// Of a request that is served, or gone: what was to make room for it may do so for another.
void Scheduler::State::leave_victims(JobId job) {
  if (!preempted_for.contains(job)) return;
  for (auto const& [victim, for_whom] : on_its_way) {
    if (for_whom == job) unclaimed.insert(victim);
  }
}

std::optional<Preemption> Scheduler::State::preempt() {
  if (!policy->preempts() || !by_account()) return std::nullopt;
  auto const first_of = [this](DemandClass& one) -> Entry* {
    auto* const entry = one.top == nullptr ? nullptr : first_to_ask(one, *one.top);
    return entry != nullptr && !host_for(*entry) ? entry : nullptr;
  };
  std::vector<Candidate> asking;
  for (auto* one : tracked) {
    if (auto* const entry = first_of(*one)) asking.push_back({entry, no_rank});
  }
  while (!asking.empty()) {
    auto* const asks = best_of(asking).entry;
    if (takes_over_a_victim(*asks)) {
      preempted_for.insert(asks->job);
    } else if (auto const found = Search{*this, *asks}.victim()) {
      preempted_for.insert(asks->job);
      preempted_hosts.insert(found->host);
      on_its_way[found->victim] = asks->job;
      return found;
    } else {
      mark(asks->of->in_vain, asks->account, intervals);
    }
    auto const asked = std::ranges::find(asking, asks, &Candidate::entry);
    asked->entry = first_of(*asks->of);
    if (asked->entry == nullptr) asking.erase(asked);
  }
  return std::nullopt;
}

void Scheduler::State::stays(JobId victim) {
  on_its_way.erase(victim);
  unclaimed.erase(victim);
}

}  // namespace godwit::policy
