// How accounts stand: after each interval, and when tree or scores are replaced.
#include <utility>

#include "policy/scheduler_state.hpp"

namespace godwit::policy {

namespace {

// The name under which a member that stands for its group was asked for: "chem/-" is jobs of "chem".
std::string asked_for(std::string const& path) {
  if (path == "-") return "";
  return path.ends_with("/-") ? path.substr(0, path.size() - 2) : path;
}

}  // namespace

void Scheduler::State::entitle() {
  changed();
  tree.entitle(capacity);
  capacity_changed = active_changed = false;
}

// Nothing but scores and reservations comes of intervals, and neither looks at the other: so each goes through all of
// them by itself. Rounds in which nobody asks for another's room are as one.
void Scheduler::State::intervals_passed(Instant last, std::int64_t count) {
  next_round();
  if (capacity_changed || active_changed) entitle();
  move_scores(count);
  reserve(last + tuning.interval * (1 - count), count);  // from the first on
  now = last;
}

// The order is looked at when all have passed: it's as the scores are then. Who has neither jobs nor a score gets none.
void Scheduler::State::move_scores(std::int64_t count) {
  std::vector<Node> movable;
  for (Node node = root + 1; node < tree.size(); ++node) {
    if (tree[node].standing.score != 0 || tree.is_active(node)) movable.push_back(node);
  }
  std::vector<std::int64_t> sums(tree.size());
  while (count > 0 && move_scores_once(movable, sums)) --count;
  scores_changed();
}

// False: they stand as before, and so they will after the next. `sums`: a zero for each node, before and after.
bool Scheduler::State::move_scores_once(std::vector<Node> const& movable, std::vector<std::int64_t>& sums) {
  bool any = false;
  for (auto const node : movable) {
    auto& entry = tree[node];
    auto& score = entry.standing.score;
    if (score == 0 && !nodes[node].is_active) continue;
    auto const former = std::exchange(score, policy->after_interval(entry.standing, tuning.interval));
    any = any || score != former;
    sums[entry.parent] += score;
  }
  for (auto const node : movable) {
    auto& entry = tree[node];
    auto const former = std::exchange(entry.standing.sibling_score, sums[entry.parent]);
    any = any || entry.standing.sibling_score != former;
  }
  for (auto const node : movable) sums[tree[node].parent] = 0;
  return any;
}

void Scheduler::State::scores_changed() {
  for (Node group = 0; group < tree.size(); ++group) {
    std::int64_t sum = 0;
    for (auto const member : tree[group].children) sum += tree[member].standing.score;
    for (auto const member : tree[group].children) tree[member].standing.sibling_score = sum;
  }
  reorder_all();
}

std::map<std::string, std::int64_t> Scheduler::State::scores() const {
  std::map<std::string, std::int64_t> found;
  for (Node node = root + 1; node < tree.size(); ++node) {
    auto const& entry = tree[node];
    if (entry.standing.score != 0) found[entry.path] = entry.standing.score;
  }
  return found;
}

// Backwards: what is within a group makes it one before its own score is looked at.
void Scheduler::State::set_scores(std::map<std::string, std::int64_t> const& by_path) {
  for (auto at = by_path.rbegin(); at != by_path.rend(); ++at) {
    auto const found = tree.find(at->first);
    auto const node = found ? *found : account_of(at->first);
    tree[node].standing.score = at->second;
  }
  scores_changed();
}

void Scheduler::State::replace_tree(ShareTree fresh) {
  auto const scores_now = scores();
  auto const former = std::exchange(tree, std::move(fresh));
  auto const moved = [&](Node& account) { account = tree.account(asked_for(former[account].path)); };
  for (auto& [job, entry] : waiting) moved(entry.account);
  for (auto const job : running.keys()) moved(running.at(job).account);
  for (Node node = root + 1; node < former.size(); ++node) {
    if (auto const same = tree.find(former[node].path))
      tree[*same].standing.served = former[node].standing.served;
  }
  rebuild();
  set_scores(scores_now);
  entitle();
}

// Everything again, from the requests in line and the jobs that run: the tree, or who is first in it, is
// another.
void Scheduler::State::rebuild() {
  for (auto& [demand, one] : classes) {
    one->branches.clear();
    one->top = nullptr;
    one->lots.clear();
    one->in_vain.clear();  // nodes may have other numbers now
    one->unyielding.clear();
  }
  nodes.clear();
  grow_nodes();
  for (Node node = 0; node < tree.size(); ++node) {
    auto& standing = tree[node].standing;
    standing.running_millicores = standing.charged_millicores = standing.waiting = 0;
  }
  for (auto const job : running.keys()) charge(job, running.at(job), +1);
  for (auto& [job, entry] : waiting) enter(entry);
}

}  // namespace godwit::policy
