// The end of a world: open moves close, hosts park their jobs, the ledger is closed, everybody leaves.
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"
#include "base/mutation.hpp"

namespace godwit::allocator {

void Allocator::Core::on(StopWanted const&) {
  if (!serving()) return;
  note(Level::info, {}, {}, "asked to stop by a signal");
  begin_shutdown(false);
}

void Allocator::Core::on(JournalBroken const& event) {
  if (shutdown.broken) return;
  note(Level::severe, {}, {},
       fmt::format(
           "the ledger can't be written ({}): no authority any more; hosts are told to save their jobs",
           event.why.context));
  begin_shutdown(true);
}

// Those whose commands haven't begun, or only look on.
void Allocator::Core::refuse_pending(Failure const& why) {
  for (auto const& [command, waiter] : std::exchange(waiters, {})) refuse(command, why);
  watchers.clear();
  std::set<CommandId> asking;
  for (auto const& [request, lookup] : std::exchange(lookups, {})) asking.insert(lookup.command);
  submits.clear();
  for (auto const& [request, restart] : std::exchange(restarts, {})) refuse(restart.first, why);
  for (auto& [job, pruning] : prunings) {
    for (auto const& waiting : std::exchange(pruning.waiting, {})) refuse(waiting.id, why);
    if (!pruning.asked.command) continue;
    cmd::Act act;
    act.job = job;
    act.failure = why;
    answer(pruning.asked, std::move(act));
    pruning.asked.command.reset();
  }
  for (auto const command : asking) refuse(command, why);
}

void Allocator::Core::refuse_all(Failure const& why) {
  refuse_pending(why);
  for (auto const& [command, ticket] : std::exchange(tickets, {})) refuse(command, why);
  for (auto const command : std::exchange(shutdown.askers, {})) refuse(command, why);
}

void Allocator::Core::begin_shutdown(bool broken) {
  auto const why = broken
                       ? retry_later("journal_broken", "the ledger can't be written: the runtime is stopping")
                       : retry_later("stopping", "the runtime is stopping");
  if (broken) shutdown.broken = true;
  if (serving()) {
    dissolve_all();
    shutdown.phase = Phase::closing;
    shutdown.since = now;
    refuse_pending(why);
  }
  if (broken) {
    shutdown.broken = true;
    shutdown.phase = Phase::closing;  // what was sent may be held back behind the journal for ever: once more
    refuse_all(why);
    desks.clear();
    departures.clear();
    clones.clear();
    to_serve.clear();
    return;
  }
  // What is open goes on; what stands in line is sent home.
  for (auto& [job, desk] : desks) {
    cmd::Act act;
    act.job = job;
    act.failure = why;
    for (auto const& operation : std::exchange(desk.queue, {})) answer(operation.asked, act);
  }
}

void Allocator::Core::hear(Rank from, msg::Quiesced const& message) {
  auto& host = hosts.at(from);
  if (host.presence == Presence::dead) return send(from, msg::Leave{});
  if (serving()) {
    if (!took_over) return strange(from, message);
    note(Level::info, {}, {}, fmt::format("host {} had been told to stop: so does the runtime", from));
    begin_shutdown(false);
  }
  host.quiesced = true;
  for (auto const& [job, failure] : message.unsaved) {
    note(Level::severe, job, {},
         fmt::format("its last checkpoint on host {} failed: {}", from, failure.context));
    shutdown.unsaved.emplace_back(job, failure);
  }
}

void Allocator::Core::go_on_shutting_down() {
  if (shutdown.phase == Phase::closing) {
    bool const moving = std::ranges::any_of(
        desks, [](auto const& one) { return one.second.open && one.second.open->verb == Verb::migrate; });
    if (moving) return;
    shutdown.phase = Phase::quiescing;
    for (auto const& [rank, host] : hosts) {
      if (host.presence != Presence::dead) send(rank, msg::Quiesce{});
    }
  }
  // What it says at the end would be held back: it leads again first, or gives up.
  if (!leads() && !shutdown.broken) return;
  if (shutdown.phase == Phase::quiescing && std::ranges::all_of(hosts, [](auto const& one) {
        return one.second.quiesced || one.second.presence == Presence::dead;
      })) {
    finish_shutdown();
  }
}

void Allocator::Core::finish_shutdown() {
  shutdown.phase = shutdown.broken ? Phase::over : Phase::leaving;
  if (shutdown.broken) out->push_back(Arm{watch_timer, {}});
  out->push_back(Arm{leases_timer, {}});
  if (!shutdown.broken) {
    auto const why = retry_later("stopping", "the runtime stopped first");
    for (auto const& [key, awaited] : std::exchange(departures, {})) {
      answer_move(awaited.asked, key.first, awaited.source, awaited.target, std::nullopt);
    }
    std::vector<JobId> busy, live;
    for (auto const& [job, desk] : desks) busy.push_back(job);
    for (auto const job : busy) clear_desk(job, why);
    for (auto const& [job, record] : ledger.jobs()) {
      bool const parked = record.state == JobState::starting || record.state == JobState::running ||
                          record.state == JobState::suspended;
      if (parked) live.push_back(job);
    }
    for (auto const job : live) journal(log::Parked{job, record_of(job)->epoch, wall});
    answer_clones();
    keep_scores();
    journal(log::WorldEnded{term, wall});
    note(Level::info, {}, {},
         fmt::format("stopped: {} jobs parked, {} of them with a last checkpoint, {} without", live.size(),
                     shutdown.checkpointed.size(), shutdown.unsaved.size()));
  }
  for (auto const& [rank, host] : hosts) {
    if (host.presence != Presence::dead) send(rank, msg::Leave{});
  }
  for (auto const command : std::exchange(shutdown.askers, {})) {
    reply(command, cmd::Stopped{static_cast<std::int32_t>(shutdown.checkpointed.size()), shutdown.unsaved});
  }
  out->push_back(Exit{shutdown.broken ? 3 : 0});
}

// Its leases may run out before the end is durable: all that is held back then, until it leads again, another leads, or
// it gives up. Nothing is decided any more.
void Allocator::Core::wait_to_leave(Event const& event) {
  if (auto const* broken = std::get_if<JournalBroken>(&event)) return on(*broken);
  if (auto const* confirmed = std::get_if<Confirmed>(&event)) return on(*confirmed);
  if (auto const* asked = std::get_if<CommandReceived>(&event)) {
    return refuse(asked->id, retry_later("stopping", "the runtime is stopping"));
  }
  if (auto const* fired = std::get_if<TimerFired>(&event); fired != nullptr && fired->timer == watch_timer) {
    if (now - watch_due > settings.late_after) led = now;
    expect_to_watch();
    return give_up_if_forlorn();
  }
  auto const* heard = std::get_if<Received>(&event);
  if (heard == nullptr || heard->term < term || !hosts.contains(heard->from)) return;
  if (heard->term > term) return step_down_before(heard->from, heard->term);
  auto const* beat = std::get_if<msg::Heartbeat>(&heard->message);
  if (beat != nullptr && !mutated(Mutation::deaf_at_the_end)) lease(heard->from, *beat);
}

}  // namespace godwit::allocator
