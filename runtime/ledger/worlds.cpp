// Worlds, terms, hosts and accounts: what an event says that is about no job of its own.
#include <fmt/format.h>

#include <algorithm>

#include "base/mutation.hpp"
#include "ledger/ledger.hpp"
#include "ledger/refusal.hpp"

namespace godwit {

Status Ledger::fold(log::WorldBegan const& event) {
  if (event.term <= term_) {
    return data_lost("ledger", fmt::format("a world of term {} after one of term {}", event.term, term_));
  }
  if (event.ranks < 0 || event.ranks > ranks_max) {
    return data_lost("ledger", fmt::format("a world of {} ranks; at most {} are possible", event.ranks, ranks_max));
  }
  if (!ended_cleanly_) exposure_.failures += live_hosts();
  term_ = world_ = event.term;
  ranks_ = event.ranks;
  old_leases_ = event.old_leases;
  ended_cleanly_ = false;
  for (auto& [host, lost] : lost_) lost.fenced = true;
  for (auto& [job, record] : jobs_) {
    if (is_ended(record.state)) continue;
    // Also one that waits: a host of the world before the last may run it, if the last didn't wait its leases out.
    if (event.old_leases > Duration{0} && record.newest_epoch > Epoch{}) record.fresh_files = true;
    if (record.state == JobState::held) continue;
    // Nobody is charged for the time between two worlds.
    if (record.state != JobState::stranded || !free_if_fenced(record, newest_)) release(record, newest_);
  }
  lost_.clear();
  drained_.clear();
  return Done{};
}

Status Ledger::fold(log::TermBegan const& event) {
  if (event.term <= term_) {
    return data_lost("ledger", fmt::format("term {} begins after term {}", event.term, term_));
  }
  term_ = event.term;
  ended_cleanly_ = false;
  return Done{};
}

// The host's end is certain: nobody runs what it had.
Status Ledger::fold(log::HostFenced const& event) {
  auto const at = lost_.find(event.host);
  if (at == lost_.end()) {
    return data_lost("ledger", fmt::format("host {} is fenced, but hasn't been lost", event.host));
  }
  at->second.fenced = true;
  for (auto& [job, record] : jobs_) {
    if (record.state == JobState::stranded) free_if_fenced(record, event.at);
  }
  return Done{};
}

Status Ledger::fold(log::WorldEnded const& event) {
  if (event.term != term_) {
    return data_lost("ledger", fmt::format("the end of term {} in term {}", event.term, term_));
  }
  ended_cleanly_ = true;
  return Done{};
}

Status Ledger::fold(log::HostLost const& event) {
  auto const [lost, first] = lost_.try_emplace(event.host);
  lost->second.proven = lost->second.proven || event.proven;
  if (!first) return Done{};
  ++exposure_.failures;
  for (auto& [job, record] : jobs_) {
    if (is_ended(record.state) || record.at_group) continue;
    auto const& intent = record.intent;
    if (intent ? is_lost(intent->source) && is_lost(intent->target) : record.host == event.host) {
      become(record, JobState::stranded);
      if (mutated(Mutation::free_before_the_fence)) release(record, event.at);
    }
  }
  return Done{};
}

std::uint64_t Ledger::live_hosts() const {
  auto const hosts = static_cast<std::uint64_t>(std::max(ranks_ - 1, 0));
  return hosts - std::min<std::uint64_t>(hosts, lost_.size());
}

void Ledger::pass_time(WallTime until) {
  if (until <= newest_) return;
  std::int64_t passed = 0;
  if (__builtin_sub_overflow(until.unix_ns, newest_.unix_ns, &passed)) return;  // no clock says that
  exposure_.add(static_cast<std::int64_t>(live_hosts()), Duration{passed});
}

Status Ledger::fold(log::Commanded const&) {
  return Done{};
}

Status Ledger::fold(log::AccountsSet const& event) {
  accounts_ = event.rules;
  return Done{};
}

Status Ledger::fold(log::Scores const& event) {
  scores_ = event.scores;
  return Done{};
}

Status Ledger::fold(log::Drained const& event) {
  if (event.host < Rank{1} || event.host.value >= ranks_) {
    return data_lost("ledger", fmt::format("there is no host {} to be drained", event.host));
  }
  event.drained ? void(drained_.insert(event.host)) : void(drained_.erase(event.host));
  return Done{};
}

}  // namespace godwit
