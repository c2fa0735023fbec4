// Who is before whom.
#include <boost/container/small_vector.hpp>

#include <algorithm>

#include "policy/scheduler_state.hpp"

namespace godwit::policy {

Entry* Scheduler::State::first(DemandClass const& one) const {
  if (one.top == nullptr || one.top->head == nullptr) return nullptr;
  return by_account() && policy->merges_ties() ? first_of_merged(*one.top) : one.top->head;
}

// Groups that are level are one: at each level the best of all their members. An account goes before a group.
Entry* Scheduler::State::first_of_merged(Branch const& top) const {
  auto const is_before = [this](Branch const& a, Branch const& b) {
    return std::pair(nodes[a.node].load, a.next) < std::pair(nodes[b.node].load, b.next);
  };
  std::vector<Branch const*> groups{&top};
  while (true) {
    auto const first_of = [](Branch const& group) { return group.members.branch(group.members.first()); };
    auto best = nodes[first_of(*groups.front())->node].key;
    for (auto const* group : groups) best = std::min(best, nodes[first_of(*group)->node].key);
    Branch const* account = nullptr;
    std::vector<Branch const*> level;
    for (auto const* group : groups) {
      group->members.in_order(standings(), [&](Members::Seat seat) {
        auto const* member = group->members.branch(seat);
        if (nodes[member->node].key != best) return false;
        if (member->line.empty()) {
          level.push_back(member);
        } else if (account == nullptr || is_before(*member, *account)) {
          account = member;
        }
        return true;
      });
    }
    if (account != nullptr) return account->head;
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

// Level by level, from the accounts up: of each account the first, of each group that of the member that goes
// first. (To compare requests by twos wouldn't do: with ties it isn't transitive, for in which group one is
// decides what counts.)
Candidate Scheduler::State::best_of(std::span<Candidate const> candidates) const {
  if (candidates.size() < 2) return candidates.empty() ? Candidate{} : candidates.front();
  struct Offer {
    Node at;  // parents have lower numbers than their members: the highest is looked at first
    Node from;
    Candidate candidate;
  };
  boost::container::small_vector<Offer, 8> offers;
  for (auto const& one : candidates) offers.push_back({one.entry->account, one.entry->account, one});
  auto const later = [](Offer const& a, Offer const& b) { return a.at < b.at; };
  auto const better = [&](Offer const& a, Offer const& b) {
    auto const &x = *a.candidate.entry, &y = *b.candidate.entry;
    if (a.from == b.from) return line_place(x) < line_place(y);
    if (policy->merges_ties()) return before(x, y);
    return std::tuple(standing_of(a.from), x.job) < std::tuple(standing_of(b.from), y.job);
  };
  std::ranges::make_heap(offers, later);
  while (true) {
    std::ranges::pop_heap(offers, later);
    auto best = offers.back();
    offers.pop_back();
    while (!offers.empty() && offers.front().at == best.at) {
      std::ranges::pop_heap(offers, later);
      if (better(offers.back(), best)) best = offers.back();
      offers.pop_back();
    }
    if (best.at == root) return best.candidate;
    bool const merged = policy->merges_ties();
    offers.push_back({merged ? root : tree[best.at].parent, best.at, best.candidate});
    std::ranges::push_heap(offers, later);
  }
}

// All of them, each group's together.
std::vector<Entry*> Scheduler::State::sorted(std::vector<Entry*> entries) const {
  EntriesOf of;  // backwards: members before their groups
  for (auto* entry : entries) of[entry->account].push_back(entry);
  auto const in_line = [&](Entry* a, Entry* b) { return line_place(*a) < line_place(*b); };
  for (auto& [account, line] : of) std::ranges::sort(line, in_line);
  std::map<Node, std::vector<Node>> members;
  for (auto at = of.begin(); at != of.end(); ++at) {
    auto const node = at->first;
    if (auto const found = members.find(node); found != members.end()) at->second = joined(found->second, of);
    if (node == root) return at->second;
    auto const above = policy->merges_ties() ? root : tree[node].parent;
    members[above].push_back(node);
    of.try_emplace(above);
  }
  return {};
}

std::vector<Entry*> Scheduler::State::joined(std::vector<Node> members, EntriesOf const& of) const {
  std::ranges::sort(members, [&](Node a, Node b) {
    auto const &x = *of.at(a).front(), &y = *of.at(b).front();
    if (policy->merges_ties()) return before(x, y);
    return std::tuple(standing_of(a), x.job) < std::tuple(standing_of(b), y.job);
  });
  std::vector<Entry*> all;
  for (auto const member : members) all.insert(all.end(), of.at(member).begin(), of.at(member).end());
  return all;
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
      if (branch.head != nullptr) heads.offer(node, branch.next);
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
