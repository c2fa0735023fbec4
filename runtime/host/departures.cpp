#include <fmt/format.h>

#include "base/mutation.hpp"
#include "custody/commit.hpp"
#include "host/core.hpp"

namespace godwit::host {

// The target is ready: the order to freeze. Each ArrivalReady gets exactly one last word, Commit or
// AbandonMove, after which the target knows that no Round can follow.
void Host::Core::on(Rank from, msg::ArrivalReady const& message) {
  if (dead.contains(from)) {
    auto const why =
        peer_lost("peer_died", fmt::format("host {} died before job {} could leave", from, message.job));
    return never_left(from, message.job, message.target_epoch, message.thaw_epoch, why);
  }
  auto* const held = live_at(message.job, message.epoch);
  if (held == nullptr || held->leaving || held->died) {
    auto const why = reject("not_here", fmt::format("job {} is not at host {} at epoch {} any more",
                                                    message.job, self, message.epoch));
    return send(from, msg::AbandonMove{message.job, message.target_epoch, message.thaw_epoch, false, why, true});
  }
  held->leaving.emplace(
      Leaving{custody::Departure{message.epoch, from, message.target_epoch, message.thaw_epoch, now},
              arm(settings.safe_point_patience, TimerKind::departure, held->capsule)});
  if (quiescing) {
    return withdraw(*held, retry_later("stopping", "the runtime is stopping"));
  }
  settle(*held);
}

// Frozen: everything goes out in one round. The commit frame follows when the target has taken it.
void Host::Core::send_image(Holding& held) {
  auto& leaving = *held.leaving;
  leaving.departure.frozen(held.frozen->at);
  std::optional<RequestId> patience = leaving.patience;
  disarm(patience);
  auto const arena_bytes = held.frozen->arena_bytes;
  std::vector<msg::PageRange> ranges;
  if (arena_bytes > 0) ranges.push_back({0, arena_bytes});
  last_stream = last_stream.next();
  leaving.stream = last_stream;
  leaving.sent = now;
  leaving.bytes = arena_bytes + held.frozen->manifest.size();
  auto const target = leaving.departure.target();
  send(target, msg::Round{held.job, leaving.departure.target_epoch(), leaving.stream, arena_bytes, ranges});
  emit(SendPages{held.capsule, target, leaving.stream, std::move(ranges)});
  sending.emplace(std::pair{target, leaving.stream}, held.capsule);
  ++held.pins;
}

void Host::Core::on(PagesSent const& event) {
  if (round_sent(event) || lent(event)) return;
  auto const at = sending.find({event.to, event.stream});
  if (at == sending.end()) return;
  auto& held = holdings.at(at->second);
  sending.erase(at);
  if (held.phase == Holding::Phase::released) return unpin(held);
  --held.pins;
  if (!held.leaving || held.leaving->stream != event.stream || !held.leaving->departure.commit_sent()) return;
  auto& leaving = *held.leaving;
  leaving.taken = now;
  auto const target_epoch = leaving.departure.target_epoch();
  msg::Commit commit{.job = held.job,
                     .target_epoch = target_epoch,
                     .manifest = held.frozen->manifest,
                     .digest = commit_digest(held.frozen->manifest, target_epoch, event.digest),
                     .generation = {},
                     .interval_age = age_of_interval(held),
                     .checkpoint_cost = held.checkpoint_cost};
  if (held.saving.writing) {  // not yet durable, but its number is taken
    auto const& writing = writings.at(*held.saving.writing);
    commit.generation = writing.generation;
    commit.checkpoint_epoch = writing.epoch.value;
  } else if (held.newest) {
    commit.generation = held.newest->generation;
    commit.checkpoint_epoch = held.newest->epoch.value;
  }
  send(event.to, std::move(commit));
  if (mutated(Mutation::release_before_accepted)) release(held);
}

// From the target; or, if that died before it could say so here, from the allocator that had heard it.
void Host::Core::on(Rank, msg::Accepted const& message) {
  auto* const held = departing(message.job, message.target_epoch);
  if (held == nullptr || !held->leaving->departure.accepted(message.target_epoch)) return;
  auto const& leaving = *held->leaving;
  msg::MoveFigures const figures{leaving.bytes, now - leaving.departure.frozen_at(),
                                 leaving.taken - leaving.sent};
  note(Level::info, held->job, message.target_epoch, fmt::format("moved to host {}", leaving.departure.target()));
  auto const died = held->died.has_value();
  release(*held, !died);
  report(msg::Departed{message.job, message.target_epoch, figures});
}

void Host::Core::on(Rank from, msg::Refused const& message) {
  auto* const held = departing(message.job, message.target_epoch);
  if (held == nullptr) {
    return never_left(from, message.job, message.target_epoch, message.thaw_epoch, message.why);
  }
  auto const committed = held->is_committed();
  if (held->leaving->departure.target() != from || !held->leaving->departure.refused(message.target_epoch)) return;
  if (committed && !mutated(Mutation::leave_outputs_cut)) held->others = Others::gone;
  stay(*held, message.why, !committed);
}

// Closed without a hand-over: the job goes on here, at the epoch that was minted for this.
void Host::Core::stay(Holding& held, Failure why, bool tell_target) {
  auto const departure = held.leaving->departure;
  std::optional<RequestId> patience = held.leaving->patience;
  disarm(patience);
  held.leaving.reset();
  if (tell_target) {
    send(departure.target(),
         msg::AbandonMove{held.job, departure.target_epoch(), departure.thaw_epoch(), false, why, true});
  }
  if (held.superseded) {
    note(Level::severe, held.job, held.epoch,
         "a move was undone after the job had come back at a later epoch");
    return release(held, !held.died);
  }
  if (!mutated(Mutation::thaw_at_the_old_epoch)) held.epoch = departure.thaw_epoch();
  note(Level::warning, held.job, held.epoch,
       fmt::format("stays here{}: {}",
                   departure.target() == no_rank ? std::string() : fmt::format(", not moved to host {}", departure.target()),
                   why.context));
  report(msg::Stayed{held.job, departure.target_epoch(), held.epoch, std::move(why)});
  if (held.halt != Holding::Halt::held) thaw(held);  // withdraws the freeze, hands the epoch over
  settle(held);
}

// Refused or abandoned before the target was ready: there was no departure, but the epoch rises.
// By a target's word, or the allocator's, which doesn't say who the target was to be: no_rank.
void Host::Core::never_left(Rank target, JobId job, Epoch target_epoch, Epoch thaw_epoch, Failure const& why) {
  auto* const held = newest_of(job);
  if (held == nullptr || !held->is_live() || held->leaving || held->epoch >= target_epoch) return;
  held->leaving.emplace(
      Leaving{custody::Departure{held->epoch, target, target_epoch, thaw_epoch, now}, RequestId{}});
  held->leaving->departure.abandon();
  stay(*held, why, false);
}

void Host::Core::withdraw(Holding& held, Failure why) {
  if (held.leaving && held.leaving->departure.abandon()) stay(held, std::move(why), true);
}

void Host::Core::departure_patience(Holding& held) {
  if (held.waits_to_leave()) withdraw(held, no_safe_point(held));
}

void Host::Core::on(Rank from, msg::AbandonMove const& message) {
  if (auto* const held = arrival_at(message.job, message.target_epoch)) {
    return abandon_arrival(from, *held, message);
  }
  abandon_departure(from, message);
}

void Host::Core::abandon_departure(Rank from, msg::AbandonMove const& message) {
  if (message.by_source) return;
  auto* const held = departing(message.job, message.target_epoch);
  if (held == nullptr) {
    auto* const newest = newest_of(message.job);
    if (newest == nullptr || newest->is_committed()) {
      // The target, after its source had abandoned the move, which needs no answer. Had the job been accepted
      // here, that was said before this.
      msg::Refused refused{message.job, {}, message.target_epoch, message.thaw_epoch, message.why};
      refused.report = true;
      return tell(std::move(refused));
    }
    return never_left(no_rank, message.job, message.target_epoch, message.thaw_epoch, message.why);
  }
  auto& departure = held->leaving->departure;
  if (message.target_fenced) {
    auto const committed = held->is_committed();
    if (!departure.target_fenced(message.target_epoch)) return;
    if (committed) held->others = Others::perhaps_there;
    stay(*held, message.why, !committed);
  } else {
    withdraw(*held, message.why);  // committed: the target decides
  }
}

}  // namespace godwit::host
