#include <fmt/format.h>

#include <algorithm>

#include "base/mutation.hpp"
#include "host/core.hpp"

namespace godwit::host {

void Host::Core::on(Rank, msg::PrepareArrival const& message) {
  if (probing) probing->taking.reset();
  auto const refusal = [&](Failure why) {
    say_refused({message.source, message.epoch, message.target_epoch, message.thaw_epoch}, message.job, why);
  };
  if (auto* const held = newest_of(message.job); held != nullptr && held->epoch >= message.target_epoch &&
                                                 !mutated(Mutation::obey_old_arrival)) {
    return refusal(reject("old_epoch", fmt::format("host {} holds job {} at epoch {} already", self,
                                                   message.job, held->epoch)));
  }
  if (auto const waits = queue.epoch_of(message.job); waits && *waits >= message.target_epoch) {
    return refusal(reject("old_epoch", fmt::format("job {} waits for its turn at host {} at epoch {} already",
                                                   message.job, self, *waits)));
  }
  queue.drop(message.job);
  if (dead.contains(message.source)) {  // nobody would ever have a last word for it
    return refusal(peer_lost("peer_died", fmt::format("host {} died before job {} could come from it", message.source,
                                                      message.job)));
  }
  if (quiescing) return refusal(retry_later("stopping", "the runtime is stopping"));
  supersede(message.job, message.target_epoch, true);
  if (!identities.free(message.spec.resources)) {
    return refusal(retry_later("no_resource", lacks(message.spec.resources) + ", or it isn't free"));
  }
  auto& held = hold(message);
  held.phase = Holding::Phase::arriving;
  held.arrival.emplace(message.source, message.epoch, message.target_epoch, message.thaw_epoch);
}

// Also when it was refused: pages that are being sent need their receive, so they land in the arena
// that was kept for this, and nothing comes of them.
void Host::Core::on(Rank from, msg::Round const& message) {
  auto* const held = arrival_at(message.job, message.target_epoch);
  if (held == nullptr || held->arrival->source() != from) {
    return unexpected(from, message.job, message.target_epoch, "pages");
  }
  emit(ReceivePages{held->capsule, from, message.stream, message.arena_bytes, message.ranges});
  receiving.emplace(std::pair{from, message.stream}, held->capsule);
  ++held->pins;
  if (!held->arrival->round(message.stream)) say_refused(*held->arrival, message.job, held->refusal);
}

void Host::Core::on(PagesReceived const& event) {
  if (round_came(event)) return;
  auto const at = receiving.find({event.from, event.stream});
  if (at == receiving.end()) return;
  auto& held = holdings.at(at->second);
  receiving.erase(at);
  if (held.phase == Holding::Phase::released) return unpin(held);
  --held.pins;
  if (held.starting.copy) {
    held.starting.copy->came = event.digest;
    return copy_has_come(held);
  }
  judge(held, held.arrival->pages(event.stream, event.digest));
}

// The source's last word under this epoch.
void Host::Core::on(Rank from, msg::Commit const& message) {
  auto* const held = arrival_at(message.job, message.target_epoch);
  if (held == nullptr || held->arrival->source() != from) {
    return unexpected(from, message.job, message.target_epoch, "a commit frame");
  }
  held->round_may_come = false;
  if (held->phase == Holding::Phase::released) {
    say_refused(*held->arrival, message.job, held->refusal);
    return forget_if_unused(*held);
  }
  if (!mutated(Mutation::forget_generations)) held->last_generation = message.generation;
  if (message.generation != Generation{0}) {
    Epoch const epoch{message.checkpoint_epoch};
    held->newest = {epoch, message.generation, checkpoint_path(message.job, epoch, message.generation)};
  }
  held->interval_age = message.interval_age;
  held->checkpoint_cost = message.checkpoint_cost;
  if (held->checkpoint_cost > Duration{0}) held->interval.measured(held->checkpoint_cost);
  judge(*held, held->arrival->commit(message.manifest, message.digest));
}

void Host::Core::judge(Holding& held, custody::Arrival::Verdict verdict) {
  switch (verdict) {
    case custody::Arrival::Verdict::incomplete:
      return;
    case custody::Arrival::Verdict::verified:
      return emit(RestoreCapsule{held.capsule, held.epoch, held.arrival->manifest()});
    case custody::Arrival::Verdict::mismatch:
      held.refusal =
          data_lost("digest", fmt::format("the image of job {} that reached host {} is not the one that "
                                          "was sent: the commit digest differs",
                                          held.job, self));
      say_refused(*held.arrival, held.job, held.refusal);
      return release(held);
  }
}

// It runs here: custody has changed hands.
void Host::Core::accept(Holding& held, capsule::Running const& event) {
  if (!held.arrival->running()) return;
  auto const source = held.arrival->source();
  held.arrival.reset();
  become_live(held, event);
  msg::Accepted const accepted{held.job, held.epoch, event.steps, event.suspended};
  send(source, accepted);
  auto to_allocator = accepted;
  to_allocator.report = true;
  report(to_allocator);
  note(Level::info, held.job, held.epoch, fmt::format("came from host {} at step {}", source, event.steps));
  if (quiescing) quiesce(held);
}

void Host::Core::refuse(Holding& held, Failure why, bool kill) {
  if (!held.arrival->refuse()) return;
  held.refusal = std::move(why);
  say_refused(*held.arrival, held.job, held.refusal);
  release(held, kill);
}

// Sent before its source died, come in after: there is no one to answer.
void Host::Core::unexpected(Rank from, JobId job, Epoch target_epoch, char const* what) {
  note(dead.contains(from) ? Level::info : Level::severe, job, target_epoch,
       fmt::format("{} from host {} that nobody here waits for", what, from));
}

void Host::Core::say_refused(custody::Arrival const& arrival, JobId job, Failure const& why) {
  note(Level::warning, job, arrival.target_epoch(),
       fmt::format("not taken from host {}: {}", arrival.source(), why.context));
  msg::Refused const refused{job, arrival.source_epoch(), arrival.target_epoch(), arrival.thaw_epoch(), why};
  send(arrival.source(), refused);
  auto to_allocator = refused;
  to_allocator.report = true;
  report(std::move(to_allocator));
}

void Host::Core::abandon_arrival(Rank from, Holding& held, msg::AbandonMove const& message) {
  if (message.by_source && from != held.arrival->source()) return;
  if (message.by_source) held.round_may_come = false;
  if (held.phase == Holding::Phase::released) {
    if (!message.by_source) abandon_departure(from, message);  // nothing of it is here: so it is said
    return forget_if_unused(held);
  }
  // A commit that verified is being restored: its outcome is the answer.
  if (held.arrival->phase() >= custody::Arrival::Phase::restoring) return;
  if (!message.by_source) return refuse(held, message.why);
  held.arrival->refuse();
  held.refusal = message.why;
  release(held);
}

}  // namespace godwit::host
