// What users are told about accounts and fair shares, and what they say about them.
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"

namespace godwit::allocator {

namespace {

std::string spell_order(policy::ShareTree const& tree, std::vector<policy::Node> const& order) {
  if (order.empty()) return "nobody waits";
  auto const& first = tree[order.front()];
  auto text = fmt::format("{} is next: its index is {}", first.path, spell_index(first.standing.score));
  if (order.size() == 1) return text + ", and no other account waits";
  auto const& second = tree[order[1]];
  return text + fmt::format("; then {}, at {}", second.path, spell_index(second.standing.score));
}

}  // namespace

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

// By path, of jobs and of all elements: the scheduler has only the first of each array in line.
std::map<std::string, std::int64_t> Allocator::Core::waiting_by_account() const {
  std::map<std::string, std::int64_t> waiting;
  for (auto const& [job, record] : ledger.jobs()) {
    if (job.element() == 0 && record.state == JobState::waiting) ++waiting[account_of(record.spec)];
  }
  for (auto const& [job, array] : ledger.arrays()) {
    if (array.counts.waiting > 0) waiting[account_of(array.work->spec)] += static_cast<std::int64_t>(array.counts.waiting);
  }
  return waiting;
}

void Allocator::Core::list_shares(CommandId command) {
  auto const& tree = scheduler.tree();
  auto order = scheduler.order();
  std::erase_if(order, [&](policy::Node node) { return tree[node].standing.waiting == 0; });
  auto const waiting = waiting_by_account();
  cmd::Shares answer;
  answer.policy = std::string(scheduler.policy().name());
  answer.next = spell_order(tree, order);
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
    row.cores_max = entry.cores_max;
    row.hosts = entry.hosts;
    row.declared = entry.declared;
    auto const place = std::ranges::find(order, node);
    if (place != order.end()) row.served_next = static_cast<std::int32_t>(place - order.begin()) + 1;
  }
  auto const add = [&](std::string const& account, auto member, auto value) {
    auto const node = tree.find(account);
    for (auto at = node.value_or(policy::root); at != policy::root; at = tree[at].parent) rows.at(at).*member += value;
  };
  for (auto const& [account, jobs] : waiting) add(account, &cmd::ShareRow::waiting, jobs);
  for (auto const& [account, core_us] : ledger.usage().core_us()) add(account, &cmd::ShareRow::usage_core_us, core_us);
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
