#include <fmt/format.h>

#include <algorithm>

#include "base/mutation.hpp"
#include "host/core.hpp"

namespace godwit::host {

namespace {
constexpr int exit_orphaned = 4;
}

void Host::Core::on(Began const& event) {
  ranks = event.ranks;
  said_hello = now;
  send(allocator_rank, msg::Hello{settings.pid, settings.node, settings.cores, settings.has});
  expect_allocator(now);
}

void Host::Core::on(Rank from, msg::Welcome const& message) {
  if (message.numbered) emit(OpenChannel{from, ballot.term()});
  heartbeat_every = message.heartbeat_every;
  lease = message.lease;
  // From the first welcome on nothing runs without a lease: one that a host never heard of would never end.
  if (!ballot.has_joined() && !mutated(Mutation::begin_unleased)) take_lease(said_hello + lease);
  ballot.welcomed(lease);
  seen = std::max(seen, message.at);
  expect_succession();
  expect_allocator(now + lease);
  disarm(beat_timer);
  beat_timer = arm(heartbeat_every, TimerKind::beat);
  beat_wanted = true;
  emit(ReadLoad{});
  if (from != greeted) meet_allocator(from);
}

void Host::Core::on(Rank, msg::Poll const& message) {
  seen = std::max(seen, message.at);
  if (beat_wanted) return;
  beat_wanted = true;  // takes the place of an outstanding one, whose answer then renews nothing
  emit(ReadLoad{});
}

void Host::Core::on(LoadRead const& event) {
  for (auto const& [capsule, report] : event.capsules) {
    if (auto* const held = by_capsule(capsule)) held->report = report;
  }
  if (beat_wanted) beat(event);
  for (auto const request : std::exchange(inquiries, {})) {
    msg::HeldJobs answer{request, {}};
    for (auto const& [capsule, held] : holdings) {
      if (held.phase != Holding::Phase::released) answer.jobs.push_back(describe(held));
    }
    queue.each([&](msg::StartJob const& start) {
      answer.jobs.push_back({start.job, start.epoch, start.spec.type, start.spec.name, "queued"});
    });
    tell(std::move(answer));
  }
  for (auto const& [capsule, report] : event.capsules) {
    if (auto* const held = by_capsule(capsule)) check_limits(*held);
  }
}

void Host::Core::beat(LoadRead const& event) {
  beat_wanted = false;
  beat_outstanding = now;
  msg::Heartbeat heartbeat{now, event.load, {}, seen};
  for (auto const& [capsule, held] : holdings) {
    if (!held.is_live() || held.superseded) continue;
    auto const& report = held.report;
    heartbeat.jobs.push_back({held.job, held.epoch, report.steps, report.progress, report.arena_bytes,
                              step_age(held), report.step_p50, report.step_p99});
  }
  tell(std::move(heartbeat));
  look_whom_to_probe();
}

void Host::Core::on(Rank, msg::HeartbeatSeen const& message) {
  seen = std::max(seen, message.at);
  for (auto const rank : message.lost) {
    if (lost.insert(rank).second) keeper_is_gone(rank, false);
  }
  lost = {message.lost.begin(), message.lost.end()};
  all_joined = message.complete;
  closed = message.closed;
  if (message.failures_every > Duration{0} && message.failures_every != failures_every) {
    failures_every = message.failures_every;
    for (auto& [capsule, held] : holdings) held.interval.expect_failures(failures_every);
  }
  if (beat_outstanding != message.sent && !mutated(Mutation::renew_with_a_stale_answer)) return;
  beat_outstanding.reset();
  if (!message.renews) return;
  auto const until = (mutated(Mutation::lease_from_the_answer) ? now : message.sent) + lease;
  take_lease(until);
  expect_allocator(until);
}

void Host::Core::take_lease(Instant until) {
  if (leased_until && now >= *leased_until) {
    for (auto& [capsule, held] : holdings) held.changed = held.changed || !held.suspended;
  }
  leased_until = until;
  emit(SetLease{until});
}

// The lease ran out long ago: no allocator will come back for this host in this world.
void Host::Core::expect_allocator(Instant lease_end) {
  disarm(orphan_timer);
  orphan_timer = arm(lease_end + settings.orphan_patience - now, TimerKind::orphan);
}

void Host::Core::abandon_world() {
  note(Level::severe, {}, {},
       fmt::format(
           "no lease from an allocator for {} s beyond the last one: the jobs here are stopped and "
           "go on from their newest checkpoints when the runtime is started again",
           std::chrono::duration_cast<std::chrono::seconds>(settings.orphan_patience).count()));
  for (auto const& [capsule, held] : holdings) {
    if (held.phase != Holding::Phase::released) emit(KillCapsule{capsule});
  }
  left = true;
  emit(Exit{exit_orphaned});
}

}  // namespace godwit::host
