// What users are told: why a request waits, and why it can never be served.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "policy/scheduler_state.hpp"

namespace godwit::policy {

namespace {

constexpr std::size_t named_max = 8;

}  // namespace

std::optional<std::string> Scheduler::State::never_fits(Demand const& demand) const {
  if (hosts.empty()) return std::nullopt;
  if (demand.host != no_rank && !hosts.contains(demand.host))
    return fmt::format("there is no host {}", demand.host);
  std::map<std::string, std::vector<Rank>> reasons;
  for (auto const& [rank, host] : hosts) {
    if (demand.host != no_rank && rank != demand.host) continue;
    auto why = host.room.never(demand);
    if (!why) return std::nullopt;
    reasons[*why].push_back(rank);
  }
  std::vector<std::string> words;
  for (auto const& [why, ranks] : reasons) {
    if (words.size() == named_max) break;
    auto const more = ranks.size() > 1 ? fmt::format(" (and {} more)", ranks.size() - 1) : std::string{};
    words.push_back(fmt::format("host {}{} {}", ranks.front(), more, why));
  }
  if (reasons.size() == 1 && hosts.size() > 1 && demand.host == no_rank)
    return "each host " + reasons.begin()->first;
  return fmt::format("{}", fmt::join(words, "; "));
}

Waiting Scheduler::State::why_waiting(Entry const& entry) {
  Waiting why;
  for (auto const& [demand, one] : classes) why.ahead_in_account += before_in_account(*one, entry);
  if (entry.of->passed && entry.of->passed->entry == &entry) why.reserved = entry.of->passed->reserved;
  why.ahead = accounts_ahead(entry);
  if (!hosts.empty() && !is_possible(*entry.of)) {
    why.what = Waiting::For::never;
    why.hosts = hosts_without_room(entry, true);
  } else if (is_capped_above(entry)) {
    why.what = Waiting::For::cap;
  } else if (!host_for(entry)) {
    why.what = Waiting::For::room;
    why.hosts = hosts_without_room(entry, false);
  } else {
    bool const its_turn = why.ahead.empty() && why.ahead_in_account == 0;
    why.what = its_turn ? Waiting::For::nothing : Waiting::For::turn;
  }
  return why;
}

std::vector<std::string> Scheduler::State::hosts_without_room(Entry const& entry, bool ever) const {
  std::vector<std::string> words;
  auto const& demand = entry.of->demand;
  for (auto const& [rank, host] : hosts) {
    if (words.size() == named_max) break;
    if (entry.of->pinned() && rank != demand.host) continue;
    auto const never = host.room.never(demand);
    if (never) {
      words.push_back(fmt::format("host {}: {}", rank, *never));
    } else if (!host.open) {
      words.push_back(fmt::format("host {}: takes no new jobs", rank));
    } else if (ever) {
      continue;
    } else if (auto const why = host.room.not_now(demand)) {
      words.push_back(fmt::format("host {}: {}", rank, *why));
    } else if (auto const kept = reserved.find(rank); kept != reserved.end()) {
      words.push_back(fmt::format("host {}: is kept for job {}", rank, kept->second->job));
    } else {
      words.push_back(fmt::format("host {}: the group {} is elsewhere", rank, demand.together));
    }
  }
  if (entry.of->pinned() && !hosts.contains(demand.host))
    words.push_back(fmt::format("there is no host {}", demand.host));
  return words;
}

std::uint64_t Scheduler::State::before_in_account(DemandClass const& one, Entry const& entry) const {
  auto const branch = one.branches.find(entry.account);
  if (branch == one.branches.end()) return 0;
  return branch->second.line.count_before(line_place(entry));
}

// Those whose first request goes before it.
std::vector<Node> Scheduler::State::accounts_ahead(Entry const& entry) const {
  std::map<Node, Entry*> heads;
  for (auto const& [demand, one] : classes) {
    for (auto const& [node, branch] : one->branches) {
      if (branch.line.empty() || node == entry.account) continue;
      auto* const head = branch.line.first();
      auto& best = heads[node];
      if (best == nullptr || line_place(*head) < line_place(*best)) best = head;
    }
  }
  std::vector<Entry*> ahead;
  for (auto const& [node, head] : heads) {
    if (before(*head, entry) && !is_capped_above(*head)) ahead.push_back(head);
  }
  std::vector<Node> accounts;
  for (auto const* head : sorted(std::move(ahead))) {
    if (accounts.size() < named_max) accounts.push_back(head->account);
  }
  return accounts;
}

bool Scheduler::State::is_at_its_cap(Node account) const {
  auto const& own = nodes[account].branches;
  return !own.empty() && std::ranges::all_of(own, [&](auto const& one) {
    return one.second->line.empty() || is_capped_above(*one.second->line.first());
  });
}

}  // namespace godwit::policy
