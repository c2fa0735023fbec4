// Who is there: joining, heart-beats, lateness, death and fencing.
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"
#include "base/figures.hpp"
#include "base/mutation.hpp"

namespace godwit::allocator {

void Allocator::Core::hear(Rank from, msg::Hello const& message) {
  auto& host = hosts.at(from);
  describe(from, message);
  host.heard = now;
  host.presence = Presence::alive;
  authority.joined(from, now);
  note(Level::config, {}, {},
       fmt::format("host {} joined: {}, pid {}, {} cores, {} for jobs", from, message.node, message.pid,
                   message.cores, message.has.cores));
  tell_scheduler(from);
  welcome(from);
}

void Allocator::Core::welcome(Rank host) {
  send(host, msg::Welcome{settings.heartbeat_every, settings.lease, now, settings.hosts_per_manager != 0});
}

// What has been appended by now is durable when this leaves.
void Allocator::Core::confirm_reports(Rank host, HostEntry& entry) {
  if (shutdown.broken || entry.confirmed == entry.reports) return;
  entry.confirmed = entry.reports;
  send(host, msg::ReportsSeen{entry.reports});
}

void Allocator::Core::hear(Rank from, msg::Heartbeat const& message) {
  auto& host = hosts.at(from);
  if (host.presence == Presence::dead && !mutated(Mutation::renew_the_dead)) {
    // No lease for it, ever again. Its images may still be of use.
    if (!std::exchange(host.dismissed, true)) {
      note(Level::warning, {}, {},
           fmt::format("host {} is back, but counts as dead: it is told to leave", from));
      send(from, msg::Quiesce{});
    }
    return;
  }
  if (host.presence == Presence::late) note(Level::info, {}, {}, fmt::format("host {} is back", from));
  if (!host.awaited && std::exchange(host.presence, Presence::alive) != Presence::alive) tell_scheduler(from);
  host.heard = now;
  host.load = message.load;
  smooth_load(from, message.load);
  for (auto const& report : message.jobs) {
    auto const* record = record_of(report.job);
    if (record != nullptr && record->host == from && record->epoch == report.epoch)
      keep_report(report.job) = report;
  }
  keep_group_pace(from);
  lease(from, message);
  confirm_reports(from, host);
}

// It leases this allocator, and is leased.
void Allocator::Core::lease(Rank from, msg::Heartbeat const& message) {
  if (hosts.at(from).presence == Presence::dead && !mutated(Mutation::renew_the_dead)) return;
  authority.leased(from, message.seen);
  auto const& lost = authority.lost();
  bool const renews = leads() || mutated(Mutation::renew_without_authority);
  bool const closed = !is_open(from) || is_standby(from);
  send_unjournalled(from, msg::HeartbeatSeen{message.sent, now, renews, {lost.begin(), lost.end()}, authority.is_complete(self), closed,
                                            ledger.exposure().mean_time_between_failures()});
}

void Allocator::Core::watch() {
  // Were we the ones who slept? Then silence proves nothing: everybody gets a fresh start.
  if (now - watch_due > settings.late_after && !mutated(Mutation::stale_silence)) {
    for (auto& [rank, host] : hosts) {
      if (host.presence != Presence::dead) host.heard = now;
    }
    led = now;
  }
  std::vector<Rank> silent, fenced;
  for (auto& [rank, host] : hosts) {
    auto const silence = now - host.heard;
    if (host.presence == Presence::dead) {
      if (!ledger.is_fenced(rank) && is_out_of_lease(host)) fenced.push_back(rank);
    } else if (host.presence == Presence::joining && !host.awaited) {
      // It has nothing to lose yet; but a shutdown can't wait for it for ever.
      if (!serving() && now - std::max(host.heard, shutdown.since) >= settings.suspicion)
        silent.push_back(rank);
    } else if (silence >= settings.suspicion) {
      silent.push_back(rank);
    } else if (!host.awaited && silence >= settings.late_after &&
               now - std::max(host.heard, host.polled) >= settings.late_after) {
      if (host.presence == Presence::alive) {
        note(Level::warning, {}, {},
             fmt::format("host {} is late: silent for {}", rank, spell_duration(silence)));
      }
      host.presence = Presence::late;
      host.polled = now;
      tell_scheduler(rank);
      send_unjournalled(rank, msg::Poll{now});
    }
  }
  // Without authority nobody's silence proves anything: it may be ours.
  for (auto const rank : silent) {
    if (!leads() && !shutdown.broken) break;
    die(rank, false, fmt::format("silent for {}", spell_duration(now - hosts.at(rank).heard)));
  }
  for (auto const rank : fenced) fence(rank);
  press_moves();
  look_after_groups();
  look_after_partners();
  if (serving()) {
    pass_interval();
    balance();
  }
  expect_to_watch();
  give_up_if_forlorn();
}

void Allocator::Core::expect_to_watch() {
  watch_due = now + settings.heartbeat_every;
  out->push_back(Arm{watch_timer, watch_due});
}

void Allocator::Core::on(PeerDied const& event) {
  if (hosts.contains(event.peer)) die(event.peer, true, "its process has ended");
}

// A sixteenth more than the lease, as everywhere: clocks differ in their rates.
bool Allocator::Core::is_out_of_lease(HostEntry const& host) const {
  return now - host.heard >= settings.lease + settings.lease / 16;
}

// What it had waits again at once if it surely runs nothing any more, else when it is fenced.
void Allocator::Core::die(Rank rank, bool proven, std::string const& how) {
  auto& host = hosts.at(rank);
  if (host.presence == Presence::dead) {
    if (!proven || ledger.lost().at(rank).proven) return;
    journal(log::HostLost{rank, true, wall});
    return fence(rank);
  }
  host.presence = Presence::dead;
  host.awaited = false;
  tell_scheduler(rank);
  note(Level::severe, {}, {}, fmt::format("host {} is dead: {}", rank, how));

  lose_copies_at(rank);
  lose(rank, proven);
  fail_inquiries_to(rank);
  if (shutdown.broken) return;
  bool const fenced = proven || is_out_of_lease(host) || mutated(Mutation::skip_fence);
  if (fenced) journal(log::HostFenced{rank, wall});
  if (fenced) give_up_prunings_of(rank);
  group_loses(rank);
  std::vector<JobId> busy;
  for (auto const& [job, desk] : desks) busy.push_back(job);
  auto const why = peer_lost("host_died", fmt::format("host {} died before it could answer", rank));
  for (auto const job : busy) fail_calls_to(rank, job, why);
  auto const occupants = host.occupants;
  for (auto const job : occupants) {
    auto const& record = *record_of(job);
    if (record.state != JobState::migrating) {
      lost(job, rank);
    } else if (record.intent->source == rank) {
      lost_source(record);
    } else {
      lost_target(record);
    }
  }
  close_departures_of(rank);
  answer_late_claims();
  end_if_alone();
}

// The host can't run anything any more: its jobs go on elsewhere, and sources that had committed to it may thaw.
void Allocator::Core::fence(Rank rank) {
  if (ledger.is_fenced(rank) || shutdown.broken) return;
  std::vector<JobId> stranded;
  for (auto const& [job, record] : ledger.jobs()) {
    if (record.state == JobState::stranded) stranded.push_back(job);
  }
  journal(log::HostFenced{rank, wall});
  note(Level::info, {}, {}, fmt::format("host {} can't run anything any more", rank));
  give_up_prunings_of(rank);
  for (auto const job : stranded) {
    if (record_of(job)->state != JobState::stranded) lost(job, rank);
  }
  auto const occupants = hosts.at(rank).occupants;
  for (auto const job : occupants) {
    auto const& record = *record_of(job);
    // Stranded: its source is lost, too, and has had its say.
    if (record.state == JobState::migrating && record.intent->target == rank) lost_target(record);
  }
  group_loses(rank);
  end_if_alone();
}

// Moves that are over but for the figures: a dead source gives none; a source whose target is dead may not
// have heard that it had accepted, and is told so.
void Allocator::Core::close_departures_of(Rank dead) {
  for (auto at = departures.begin(); at != departures.end();) {
    auto const& [key, awaited] = *at;
    if (awaited.source == dead) {
      answer_move(awaited.asked, key.first, awaited.source, awaited.target, std::nullopt);
      at = departures.erase(at);
      continue;
    }
    if (awaited.target == dead && !mutated(Mutation::no_word_for_the_source))
      send(awaited.source, msg::Accepted{key.first, key.second, 0, false});
    ++at;
  }
}

// Nobody is left to run anything: the runtime ends, as if it had been stopped, and may be started again.
void Allocator::Core::end_if_alone() {
  bool const alone = std::ranges::all_of(hosts, [this](auto const& one) { return ledger.is_fenced(one.first); });
  if (!alone || hosts.empty() || !serving()) return;
  note(Level::severe, {}, {}, "no host is left: the runtime ends; started again, it goes on from here");
  begin_shutdown(false);
}

std::optional<Failure> Allocator::Core::not_a_live_host(Rank rank) const {
  auto const at = hosts.find(rank);
  if (at == hosts.end()) {
    return reject("no_such_host", fmt::format("host {} does not exist: {}", rank, known_hosts()));
  }
  auto const presence = at->second.presence;
  if (presence == Presence::dead || presence == Presence::joining) {
    return reject("host_not_alive", fmt::format("host {} is not alive", rank));
  }
  return std::nullopt;
}

std::string Allocator::Core::known_hosts() const {
  if (hosts.empty()) return "this runtime has none";
  if (hosts.size() == 1) return "the only host is 1";
  return fmt::format("hosts are 1..{}", hosts.rbegin()->first);
}

}  // namespace godwit::allocator
