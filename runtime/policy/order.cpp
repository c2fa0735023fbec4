// Who is before whom.
#include <algorithm>

#include "policy/scheduler_state.hpp"

namespace godwit::policy {

Entry* Scheduler::State::first(DemandClass const& one) const {
  auto const top = one.branches.find(root);
  if (top == one.branches.end() || top->second.members.empty()) return nullptr;
  if (by_account() && policy->merges_ties()) return first_of_merged(top->second);
  auto const* branch = &top->second;
  while (!branch->members.empty()) branch = branch->members.begin()->branch;
  return branch->line.begin()->second;
}

// Groups that are level are one: at each level the best of all their members. An account goes before a group.
Entry* Scheduler::State::first_of_merged(Branch const& top) const {
  std::vector<Branch const*> groups{&top};
  while (true) {
    auto best = groups.front()->members.begin()->key;
    for (auto const* group : groups) best = std::min(best, group->members.begin()->key);
    Place const* account = nullptr;
    std::vector<Branch const*> level;
    for (auto const* group : groups) {
      for (auto const& member : group->members) {
        if (member.key != best) break;
        if (member.branch->line.empty()) {
          level.push_back(member.branch);
        } else if (account == nullptr || member < *account) {
          account = &member;
        }
      }
    }
    if (account != nullptr) return account->branch->line.begin()->second;
    groups = std::move(level);
  }
}

std::vector<Node> Scheduler::State::path_of(Node node) const {
  std::vector<Node> path(static_cast<std::size_t>(nodes[node].depth));
  for (auto at = path.rbegin(); at != path.rend(); ++at, node = tree[node].parent) *at = node;
  return path;
}

std::pair<Node, Node> Scheduler::State::parting(Node a, Node b) const {
  while (nodes[a].depth > nodes[b].depth) a = tree[a].parent;
  while (nodes[b].depth > nodes[a].depth) b = tree[b].parent;
  while (tree[a].parent != tree[b].parent) {
    a = tree[a].parent;
    b = tree[b].parent;
  }
  return {a, b};
}

// The two nodes on whose standing it depends which of two accounts goes first. Where groups that are level
// are one, these may be of different groups.
std::pair<Node, Node> Scheduler::State::compared(Node a, Node b) const {
  auto [x, y] = parting(a, b);
  if (!by_account() || !policy->merges_ties()) return {x, y};
  auto const path_a = path_of(a), path_b = path_of(b);
  for (auto level = static_cast<std::size_t>(nodes[x].depth); nodes[x].key == nodes[y].key; ++level) {
    if (x == a || y == b) break;
    x = path_a[level];
    y = path_b[level];
  }
  return {x, y};
}

bool Scheduler::State::before(Entry const& a, Entry const& b) const {
  if (a.account == b.account) return line_place(a) < line_place(b);
  auto const [x, y] = compared(a.account, b.account);
  return std::tuple(standing_of(x), a.job) < std::tuple(standing_of(y), b.job);
}

// What comes first is less. Where ties are merged an account goes before a group.
std::tuple<std::int64_t, bool, std::int64_t> Scheduler::State::standing_of(Node node) const {
  auto const& own = nodes[node];
  return {own.key, policy->merges_ties() && tree.is_group(node), own.load};
}

namespace {

// Of each node, the request that would be served first of all in it, whatever its demand.
class Heads {
 public:
  explicit Heads(std::size_t nodes) : jobs_(nodes) {}

  void offer(Node node, JobId job) {
    auto& at = jobs_[node];
    if (!at || job < *at) at = job;
  }
  [[nodiscard]] std::optional<JobId> const& of(Node node) const { return jobs_[node]; }

 private:
  std::vector<std::optional<JobId>> jobs_;
};

}  // namespace

std::vector<Node> Scheduler::State::in_order() const {
  Heads heads(nodes.size());
  for (auto const& [demand, one] : classes) {
    for (auto const& [node, branch] : one->branches) {
      if (branch.may_be_served()) heads.offer(node, branch.next());
    }
  }
  auto const place = [&](Node node) {
    auto const& head = heads.of(node);
    return std::tuple(standing_of(node), !head, head.value_or(JobId{}), node);
  };
  auto const earlier = [&](Node a, Node b) {
    if (a == b) return false;
    bool const a_waits = tree[a].standing.waiting > 0, b_waits = tree[b].standing.waiting > 0;
    if (a_waits != b_waits) return a_waits;
    auto const [x, y] = compared(a, b);
    return place(x) < place(y);
  };
  std::vector<Node> accounts;
  for (Node node = 0; node < nodes.size(); ++node) {
    if (!tree.is_group(node)) accounts.push_back(node);
  }
  std::ranges::sort(accounts, earlier);
  return accounts;
}

}  // namespace godwit::policy
