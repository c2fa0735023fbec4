// How accounts stand: after each interval, and when tree or scores are replaced.
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
  tree.entitle(capacity);
  capacity_changed = active_changed = false;
}

void Scheduler::State::interval_passed() {
  next_round();
  if (capacity_changed || active_changed) entitle();
  for (Node node = root + 1; node < tree.size(); ++node) {
    auto& standing = tree[node].standing;
    if (standing.score == 0 && !tree.is_active(node)) continue;
    standing.score = policy->after_interval(standing, tuning.interval);
  }
  scores_changed();
  reserve();
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
