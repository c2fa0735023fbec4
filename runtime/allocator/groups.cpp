// Groups of hosts: who manages whom, and what becomes of a group when one of it is lost, late or drained. A change has
// two halves: first each host speaks for itself again, and says what it has of the group's jobs; when all have said so,
// or are fenced, what nobody has is given out again, and a new group can begin. docs/protocol.md, "Managers".
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"
#include "base/mutation.hpp"

namespace godwit::allocator {

namespace {
constexpr Duration apart = 1min;       // a host that was late speaks for itself for so long
constexpr Duration look_again = 5s;    // if nothing has changed
constexpr char const* former = "all";  // of a former allocator: any host may have any of its groups' jobs
}  // namespace

std::string Allocator::Core::group_of(Rank rank) const {
  if (settings.hosts_per_manager == by_node) return "node " + hosts.at(rank).hello.node;
  return fmt::to_string((rank.value - 1) / settings.hosts_per_manager);
}

Group* Allocator::Core::managed_group(Rank rank) {
  auto const at = hosts.find(rank);
  if (at == hosts.end() || at->second.group.empty()) return nullptr;
  auto const group = groups.find(at->second.group);
  return group != groups.end() && group->second.members.contains(rank) ? &group->second : nullptr;
}

Rank Allocator::Core::manager_of(Rank rank) const {
  auto const group = groups.find(hosts.at(rank).group);
  return group != groups.end() && group->second.members.contains(rank) ? group->second.manager : no_rank;
}

bool Allocator::Core::may_be_managed(Rank rank) const {
  auto const& host = hosts.at(rank);
  return host.presence == Presence::alive && host.open && now >= host.apart_until;
}

// At each look at who is there.
void Allocator::Core::look_after_groups() {
  if (settings.hosts_per_manager == 0 || !serving()) return;
  recall();
  if (now < groups_due) return;
  groups_due = now + look_again;
  std::map<std::string, std::vector<Rank>> fit;
  std::set<std::string> waiting;  // for hosts that are about to join
  for (auto& [rank, host] : hosts) {
    if (host.presence == Presence::late) host.apart_until = now + apart;
    bool const joining = host.presence == Presence::joining;
    if (joining && settings.hosts_per_manager == by_node) continue;  // its node isn't known
    if (host.group.empty() || joining) host.group = group_of(rank);
    if (joining && now < began + settings.suspicion) waiting.insert(host.group);
    if (may_be_managed(rank)) fit[host.group].push_back(rank);
    groups[host.group];
  }
  for (auto& [name, group] : groups) {
    auto const& ranks = fit[name];
    bool const same = std::ranges::equal(group.members, ranks);
    if (group.manager != no_rank && !same) dissolve(name, group);
    if (group.manager == no_rank && ranks.size() > 1 && !waiting.contains(name)) form(name, group, ranks);
  }
}

// The manager is told first: what the others send it finds it ready.
void Allocator::Core::form(std::string const& name, Group& group, std::vector<Rank> const& ranks) {
  bool const settled = group.unanswered.empty() && !awaiting() && !groups.contains(former);
  if (!settled) return;
  auto const other = std::ranges::find_if(ranks, [this](Rank rank) { return rank != self; });
  group.manager = *other;
  ++group.version;
  group.members = {ranks.begin(), ranks.end()};
  group.cores = 0;
  group.ended = group.pace = 0;
  group.recalled = false;
  for (auto const rank : ranks) {
    group.cores += hosts.at(rank).hello.has.cores;
    hosts.at(rank).managed = true;
  }
  note(Level::config, {}, {}, fmt::format("host {} manages {} hosts (group {})", group.manager, ranks.size(), name));
  send(group.manager, msg::Managed{group.manager, group.version, ranks, settings.heartbeat_every / 2});
  for (auto const rank : ranks) {
    if (rank != group.manager) send(rank, msg::Managed{group.manager, group.version, {}, Duration{0}});
    out->push_back(Route{rank, group.manager});
  }
}

// Each speaks for itself again. What was granted to the group stays where it is until it is known who has it.
void Allocator::Core::dissolve(std::string const& name, Group& group) {
  note(Level::config, {}, {}, fmt::format("host {} manages its group no longer (group {})", group.manager, name));
  group.manager = no_rank;
  ++group.version;
  for (auto const rank : std::exchange(group.members, {})) {
    out->push_back(Route{rank, no_rank});
    hosts.at(rank).managed = false;
    if (ledger.is_fenced(rank)) {
      group.dead.insert(rank);
      continue;
    }
    group.unanswered.insert(rank);
    // At once: it rests on nothing in the ledger, and without these hosts' votes all else may be held back.
    if (hosts.at(rank).presence != Presence::dead) {
      send_unjournalled(rank, msg::Managed{no_rank, group.version, {}, Duration{0}});
    }
  }
  group.queue.clear();
  group.assumed.clear();
  for (auto& [job, grouped] : grouped_jobs) {
    if (grouped.group != name) continue;
    grouped.seat = no_rank;
    reseat(job);
  }
  if (group.unanswered.empty() || mutated(Mutation::regrant_before_the_answers)) settle(name, group);
}

void Allocator::Core::hear(Rank from, msg::Regrouped const& message) {
  for (auto const& one : message.held) learn_holder(one.job, one.epoch, from);
  auto const at = groups.find(hosts.at(from).group);
  if (at != groups.end() && at->second.version == message.version) has_answered(from, at->first, at->second);
}

void Allocator::Core::has_answered(Rank host, std::string const& name, Group& group) {
  if (group.unanswered.erase(host) > 0 && group.unanswered.empty()) settle(name, group);
}

// A host has died, or can't run anything any more.
void Allocator::Core::group_loses(Rank host) {
  if (auto* const group = managed_group(host)) dissolve(hosts.at(host).group, *group);
  if (!ledger.is_fenced(host)) return;
  std::vector<std::string> concerned;
  for (auto& [name, group] : groups) {
    if (!group.unanswered.contains(host)) continue;
    group.dead.insert(host);
    concerned.push_back(name);
  }
  for (auto const& name : concerned) has_answered(host, name, groups.at(name));
}

// Who has what is known. What is left may have been with one that died; if none did, nobody has it, or ever will.
void Allocator::Core::settle(std::string const& name, Group& group) {
  auto const dead = std::exchange(group.dead, {});
  group.unanswered.clear();
  groups_due = now;
  auto const unproven = std::ranges::find_if(dead, [this](Rank rank) { return !ledger.lost().at(rank).proven; });
  auto const whose = unproven != dead.end() ? *unproven : dead.empty() ? no_rank : *dead.begin();
  std::vector<JobId> left;
  for (auto const& [job, grouped] : grouped_jobs) {
    if (grouped.group == name) left.push_back(job);
  }
  if (name == former) groups.erase(former);
  for (auto const job : left) {
    if (whose == no_rank) {
      waits_again_unseen(job);
      continue;
    }
    journal(log::HandedOn{job, record_of(job)->epoch, whose, wall});
    grouped_jobs.erase(job);
    lost(job, whose);
    to_serve.insert(job);
  }
}

// A former allocator's groups are no more: their jobs are where the hosts say they are.
void Allocator::Core::doubt_former_groups() {
  std::vector<JobId> doubtful;
  for (auto const& [job, record] : ledger.jobs()) {
    if (record.at_group) doubtful.push_back(job);
  }
  if (doubtful.empty()) return;
  auto& group = groups[former];
  for (auto const job : doubtful) grouped_jobs[job] = {former, no_rank, now};
  for (auto const& [rank, host] : hosts) {
    ledger.is_fenced(rank) ? group.dead.insert(rank) : group.unanswered.insert(rank);
  }
}

void Allocator::Core::has_said_all(Rank host) {
  auto const at = groups.find(former);
  if (at != groups.end()) has_answered(host, at->first, at->second);
}

// Before the end, and while nothing can be decided, everybody speaks for itself.
void Allocator::Core::dissolve_all() {
  for (auto& [name, group] : groups) {
    if (group.manager != no_rank) dissolve(name, group);
  }
}

}  // namespace godwit::allocator
