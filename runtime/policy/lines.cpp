// The requests in line, and the order of accounts and groups in each class of demands.
#include "policy/scheduler_state.hpp"

namespace godwit::policy {

Node Scheduler::State::account_of(std::string const& path) {
  auto const node = tree.account(path);
  grow_nodes();
  return node;
}

void Scheduler::State::grow_nodes() {
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
  branch.line.emplace(line_place(entry), &entry);
  for (auto* up = &branch; up != nullptr; up = up->parent) {
    ++up->waiting;
    ++tree[up->node].standing.waiting;
  }
  path_changed(entry.account, &one);
}

void Scheduler::State::withdraw(Entry& entry) {
  auto& one = *entry.of;
  forget(entry);
  one.lots.back()->lot = entry.lot;
  one.lots[entry.lot] = one.lots.back();
  one.lots.pop_back();
  auto& branch = one.branches.at(entry.account);
  branch.line.erase(line_place(entry));
  for (auto* up = &branch; up != nullptr; up = up->parent) {
    --up->waiting;
    --tree[up->node].standing.waiting;
  }
  path_changed(entry.account, &one);
  drop_if_empty(branch);
  may_be_idle(one);
}

Branch& Scheduler::State::branch_of(DemandClass& one, Node node) {
  auto const [at, fresh] = one.branches.try_emplace(node);
  auto& branch = at->second;
  if (!fresh) return branch;
  branch.of = &one;
  branch.node = node;
  nodes[node].branches.push_back(&branch);
  if (node != root) branch.parent = &branch_of(one, tree[node].parent);
  return branch;
}

void Scheduler::State::drop_if_empty(Branch& branch) {
  if (branch.waiting > 0) return;
  auto* const parent = branch.parent;
  std::erase(nodes[branch.node].branches, &branch);
  branch.of->branches.erase(branch.node);
  if (parent != nullptr) drop_if_empty(*parent);
}

// `only`: the class whose requests have changed; the others move only where the standing has changed.
void Scheduler::State::path_changed(Node account, DemandClass* only) {
  std::vector<Node> moved;
  for (auto node = account;; node = tree[node].parent) {
    if (rekey(node)) moved.push_back(node);
    if (node == root) break;
  }
  for (auto const node : moved) {
    for (auto* branch : nodes[node].branches) refresh(*branch);
  }
  if (only != nullptr) refresh(only->branches.at(account));
}

// Says whether anything has changed that it is ordered by, or that its cap looks at.
bool Scheduler::State::rekey(Node node) {
  auto const& standing = tree[node].standing;
  auto const key = by_account() && node != root ? policy->key(standing) : 0;
  bool const changed = key != nodes[node].key || standing.running_millicores != nodes[node].running;
  nodes[node].key = key;
  nodes[node].running = standing.running_millicores;
  return changed;
}

// Moves it to its place among its siblings, and those above it if whose turn it is in them has changed.
void Scheduler::State::refresh(Branch& branch) {
  if (branch.parent == nullptr) return;
  std::optional<Place> place;
  if (branch.may_be_served() && !is_capped(branch.node, branch.of->demand)) {
    auto const& node = nodes[branch.node];
    place = Place{.key = node.key,
                  .running = by_account() ? node.running : 0,
                  .next = branch.next(),
                  .branch = &branch};
  }
  bool const same = place && branch.place ? place->order() == branch.place->order() : !place && !branch.place;
  if (same) return;
  auto& siblings = branch.parent->members;
  if (branch.place) siblings.erase(*branch.place);
  if (place) siblings.insert(*place);
  branch.place = place;
  refresh(*branch.parent);
}

bool Scheduler::State::is_capped(Node node, Demand const& demand) const {
  auto const most = tree[node].cores_max;
  return most > 0 && nodes[node].running + demand.cores * std::int64_t{1000} > most * std::int64_t{1000};
}

bool Scheduler::State::is_capped_above(Entry const& entry) const {
  for (auto node = entry.account; node != root; node = tree[node].parent) {
    if (is_capped(node, entry.of->demand)) return true;
  }
  return false;
}

// Parents have lower numbers than their members, so backwards is from the accounts up.
void Scheduler::State::reorder_all() {
  for (Node node = 0; node < nodes.size(); ++node) rekey(node);
  for (auto& [demand, one] : classes) {
    for (auto at = one->branches.rbegin(); at != one->branches.rend(); ++at) refresh(at->second);
  }
}

}  // namespace godwit::policy
