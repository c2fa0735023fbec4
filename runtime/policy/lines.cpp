// The requests in line, and the order of accounts and groups in each class of demands.
#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/mutation.hpp"
#include "policy/scheduler_state.hpp"

namespace godwit::policy {

Node Scheduler::State::account_of(std::string const& path) {
  auto const known = tree.size();
  auto const node = tree.account(path);
  if (tree.size() == known) return node;
  grow_nodes();
  auto const above = tree[static_cast<Node>(known)].parent;
  auto const& standing = tree[above].standing;
  bool const was_account = above != root && tree[above].children.size() == 1;
  if (was_account && (standing.waiting > 0 || standing.running_millicores > 0)) regroup(above);
  return node;
}

// An account with jobs has become a group: they are a member's.
void Scheduler::State::regroup(Node group) {
  auto const member = tree.account(tree[group].path);
  for (auto& [job, entry] : waiting) {
    if (entry.account == group) entry.account = member;
  }
  for (auto const job : running.keys()) {
    auto& one = running.at(job);
    if (one.account == group) one.account = member;
  }
  rebuild();
}

void Scheduler::State::grow_nodes() {
  active_changed = true;
  for (auto fresh = nodes.size(); fresh < tree.size(); ++fresh) {
    auto const node = static_cast<Node>(fresh);
    nodes.emplace_back();
    if (node != root) nodes[node].depth = nodes[tree[node].parent].depth + 1;
    rekey(node);
  }
}

LinePlace Scheduler::State::line_place(Entry const& entry) const {
  return {.priority = by_account() ? entry.priority : 0, .job = entry.job};
}

void Scheduler::State::enter(Entry& entry) {
  auto& one = *entry.of;
  if (one.lots.empty()) is_wanted(one);
  entry.lot = one.lots.size();
  one.lots.push_back(&entry);
  auto& branch = branch_of(one, entry.account);
  entry.branch = &branch;
  branch.line.insert(line_place(entry), entry);
  set_head(branch);
  for (auto* up = &branch; up != nullptr; up = up->parent) {
    ++up->waiting;
    ++tree[up->node].standing.waiting;
  }
  may_ask(branch);
  path_changed(entry.account, &branch);
}

void Scheduler::State::withdraw(Entry& entry) {
  auto& one = *entry.of;
  forget(entry);
  leave_victims(entry.job);
  one.lots.back()->lot = entry.lot;
  one.lots[entry.lot] = one.lots.back();
  one.lots.pop_back();
  auto& branch = *entry.branch;
  branch.line.erase(line_place(entry));
  set_head(branch);
  for (auto* up = &branch; up != nullptr; up = up->parent) {
    --up->waiting;
    --tree[up->node].standing.waiting;
  }
  path_changed(entry.account, &branch);
  drop_if_empty(branch);
  may_be_idle(one);
}

Branch& Scheduler::State::branch_of(DemandClass& one, Node node) {
  auto& known = nodes[node].branches;
  constexpr std::size_t few = 16;
  if (known.size() <= few) {
    auto const at = std::ranges::find(known, &one, &std::pair<DemandClass const*, Branch*>::first);
    if (at != known.end()) return *at->second;
  }
  auto const [at, fresh] = one.branches.try_emplace(node);
  auto& branch = at->second;
  if (!fresh) return branch;
  branch.of = &one;
  branch.node = node;
  known.emplace_back(&one, &branch);
  node == root ? void(one.top = &branch) : void(branch.parent = &branch_of(one, tree[node].parent));
  return branch;
}

void Scheduler::State::drop_if_empty(Branch& branch) {
  if (branch.waiting > 0) return;
  auto* const parent = branch.parent;
  if (parent == nullptr) branch.of->top = nullptr;
  std::erase(nodes[branch.node].branches, std::pair<DemandClass const*, Branch*>(branch.of, &branch));
  branch.of->branches.erase(branch.node);
  if (parent != nullptr) drop_if_empty(*parent);
}

// `only`: the branch whose requests have changed; the others move only where the standing has changed.
void Scheduler::State::path_changed(Node account, Branch* only) {
  boost::container::small_vector<Node, 8> moved;
  for (auto node = account;; node = tree[node].parent) {
    if (rekey(node)) moved.push_back(node);
    if (node == root) break;
  }
  for (auto const node : moved) {
    for (auto const& [one, branch] : nodes[node].branches) refresh(*branch);
  }
  if (only != nullptr) refresh(*only);
}

// Says whether anything has changed that it is ordered by, or that its cap looks at.
bool Scheduler::State::rekey(Node node) {
  auto const& standing = tree[node].standing;
  auto& own = nodes[node];
  auto const former = std::tuple(own.key, own.load, own.running);
  own.running = standing.running_millicores;
  active_changed = active_changed || own.is_active != tree.is_active(node);
  own.is_active = tree.is_active(node);
  own.is_at_rest = !own.is_active && standing.score == 0;
  if (by_account() && node != root) {
    own.key = policy->key(standing) * (mutated(Mutation::serve_the_highest) ? -1 : 1);
    own.load = standing.charged_millicores == 0 ? 0 : (standing.charged_millicores << 20) / standing.shares;
  }
  return former != std::tuple(own.key, own.load, own.running);
}

// Moves it to its place among its siblings, and those above it if whose turn it is in them has changed.
void Scheduler::State::refresh(Branch& branch) {
  if (branch.parent == nullptr) return;
  auto& group = *branch.parent;
  auto& siblings = group.members;
  bool const listed = branch.head != nullptr && !is_capped(branch.node, branch.of->demand);
  if (listed && branch.seat == Members::nobody) {
    may_ask(branch);
    branch.seat = siblings.add(branch, branch.node, branch.next, standings());
  } else if (listed) {
    siblings.change(branch.seat, branch.next, standings());
  } else if (branch.seat != Members::nobody) {
    siblings.remove(std::exchange(branch.seat, Members::nobody), standings());
  }
  if (siblings.next() == group.next) return;
  set_head(group);
  refresh(group);
}

void Scheduler::State::set_head(Branch& branch) {
  if (!branch.line.empty()) {
    branch.head = branch.line.first();
  } else {
    branch.head = branch.members.empty() ? nullptr : branch.members.branch(branch.members.first())->head;
  }
  branch.next = branch.head == nullptr ? JobId{} : branch.head->job;
}

bool Scheduler::State::is_capped(Node node, Demand const& demand) const {
  auto const most = tree[node].cores_max;
  return most > 0 && !mutated(Mutation::exceed_the_cap) && nodes[node].running + demand.cores * std::int64_t{1000} > most * std::int64_t{1000};
}

bool Scheduler::State::is_capped_above(Entry const& entry) const {
  for (auto node = entry.account; node != root; node = tree[node].parent) {
    if (is_capped(node, entry.of->demand)) return true;
  }
  return false;
}

// Parents have lower numbers than their members, so backwards is from the accounts up.
void Scheduler::State::reorder_all() {
  for (auto node = static_cast<Node>(nodes.size()); node-- > 0;) {
    bool const rests_on = nodes[node].is_at_rest && tree[node].standing.score == 0;
    if (rests_on || !rekey(node)) continue;
    for (auto const& [one, branch] : nodes[node].branches) refresh(*branch);
  }
}

}  // namespace godwit::policy
