// What users are told about accounts and fair shares, and what they say about them.
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"
#include "policy/measure.hpp"

namespace godwit::allocator {

// What comes next, and why: of the accounts that wait, in their order. Between two of them the siblings
// decide where their paths part.
std::string Allocator::Core::spell_order(std::vector<policy::Node> const& order) const {
  auto const& tree = scheduler.tree();
  if (order.empty()) return "nobody waits";
  if (scheduler.is_at_its_cap(order.front()))
    return "nobody is next: who waits has all the cores that it may have at once";
  auto const& first = tree[order.front()].path;
  auto const measure = policy::measure_of(scheduler.policy());
  if (measure.empty()) return first + " is next, in the order of submission";
  auto const spell_standing = [&](policy::Node account, policy::Node decides) {
    auto const whose = decides == account ? "its" : tree[decides].path + "'s";
    return fmt::format("{} {} is {}", whose, measure,
                       policy::spell_key(scheduler.policy(), scheduler.policy().key(tree[decides].standing)));
  };
  bool const alone = order.size() == 1 || scheduler.is_at_its_cap(order[1]);
  if (alone) {
    auto const* others = order.size() == 1 ? "waits" : "that waits may have more";
    return fmt::format("{} is next: {}, and no other account {}", first, spell_standing(order[0], order[0]),
                       others);
  }
  auto const [x, y] = scheduler.parting(order[0], order[1]);
  return fmt::format("{} is next: {}; then {}: {}", first, spell_standing(order[0], x), tree[order[1]].path,
                     spell_standing(order[1], y));
}

void Allocator::Core::set_accounts(CommandReceived const& event, cmd::SetAccounts const& command) {
  auto const text = fmt::format("set accounts: {} rules", command.rules.size());
  auto tree = policy::ShareTree::make(command.rules);
  if (!tree) return refuse_command(event, text, tree.failure());
  if (command.rules != ledger.accounts()) {
    commanded(event, text);
    journal(log::AccountsSet{command.rules, wall});
    scheduler.set_tree(std::move(*tree));
    warn_of_absent_hosts(command.rules);
  }
  reply(event.id, cmd::AccountsSet{static_cast<std::int32_t>(command.rules.size())});
}

// The same rules may be given to a larger world, or a smaller one.
void Allocator::Core::warn_of_absent_hosts(std::vector<AccountRule> const& rules) {
  for (auto const& rule : rules) {
    for (auto const host : rule.hosts) {
      if (hosts.contains(host)) continue;
      note(Level::warning, {}, {},
           fmt::format("account {} owns host {}, which does not exist here: {}", rule.path, host, known_hosts()));
    }
  }
}

// Jobs and all elements: the scheduler has only the first of each array in line.
std::map<policy::Node, std::int64_t> Allocator::Core::waiting_by_account() const {
  std::map<std::string, std::int64_t> waiting;
  for (auto const& [job, record] : ledger.jobs()) {
    if (job.element() == 0 && record.state == JobState::waiting) ++waiting[account_of(record.spec)];
  }
  for (auto const& [job, array] : ledger.arrays()) {
    if (array.counts.waiting > 0) waiting[account_of(array.work->spec)] += static_cast<std::int64_t>(array.counts.waiting);
  }
  std::map<policy::Node, std::int64_t> by_node;
  for (auto const& [account, jobs] : waiting) {
    if (auto const node = scheduler.tree().find_account(account)) by_node[*node] += jobs;
  }
  return by_node;
}

void Allocator::Core::list_shares(CommandId command) {
  auto const& tree = scheduler.tree();
  auto order = scheduler.order();
  std::erase_if(order, [&](policy::Node node) { return tree[node].standing.waiting == 0; });
  std::ranges::stable_partition(order, [&](policy::Node node) { return !scheduler.is_at_its_cap(node); });
  auto const waiting = waiting_by_account();
  cmd::Shares answer;
  answer.policy = std::string(scheduler.policy().name());
  answer.measure = policy::measure_of(scheduler.policy());
  answer.next = spell_order(order);
  std::map<policy::Node, cmd::ShareRow> rows;
  for (policy::Node node = 1; node < tree.size(); ++node) {
    auto const& entry = tree[node];
    auto& row = rows[node];
    row.path = entry.path;
    row.shares = entry.shares;
    row.entitled_millicores = entry.standing.entitled_millicores;
    row.running_millicores = entry.standing.running_millicores;
    row.index = entry.standing.score;
    auto const former = former_scores.find(entry.path);
    row.trend = row.index - (former == former_scores.end() ? 0 : former->second);
    if (!answer.measure.empty())
      row.standing = policy::spell_key(scheduler.policy(), scheduler.policy().key(entry.standing));
    row.cores_max = entry.cores_max;
    row.hosts = entry.hosts;
    row.declared = entry.declared;
    auto const place = std::ranges::find(order, node);
    row.at_cap = place != order.end() && scheduler.is_at_its_cap(node);
    if (place != order.end() && !row.at_cap)
      row.served_next = static_cast<std::int32_t>(place - order.begin()) + 1;
  }
  auto const add = [&](policy::Node node, auto member, auto value) {
    for (auto at = node; at != policy::root; at = tree[at].parent) rows.at(at).*member += value;
  };
  for (auto const& [node, jobs] : waiting) add(node, &cmd::ShareRow::waiting, jobs);
  for (auto const& [account, core_us] : ledger.usage().core_us())
    add(tree.find_account(account).value_or(policy::root), &cmd::ShareRow::usage_core_us, core_us);
  std::vector<policy::Node> left(tree[policy::root].children.rbegin(), tree[policy::root].children.rend());
  while (!left.empty()) {  // each group before its members
    auto const node = left.back();
    left.pop_back();
    answer.rows.push_back(std::move(rows.at(node)));
    left.insert(left.end(), tree[node].children.rbegin(), tree[node].children.rend());
  }
  reply(command, std::move(answer));
}

}  // namespace godwit::allocator
