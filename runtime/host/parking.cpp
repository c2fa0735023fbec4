// Parking: a job is checkpointed and let go, so that others get its place. It waits again once the allocator has
// heard that its image is durable; until then this host has it, frozen.
#include "base/mutation.hpp"
#include "host/core.hpp"

namespace godwit::host {

void Host::Core::on(Rank, msg::ParkJob const& message) {
  auto* const held = live_at(message.job, message.epoch);
  if (held == nullptr || held->leaving || held->saving.parking) {
    return done(message.request, message.job, retry_later("not_here", "the job is not at rest on this host"));
  }
  if (stopping(message.request, message.job)) return;
  held->saving.parking = message.request;
  want_image(*held);
}

bool Host::Core::parked_for_good(Holding const& held) const {
  auto const& saving = held.saving;
  if (!saving.parking || saving.last || held.leaving) return false;
  return saving.current && (!saving.writing || mutated(Mutation::park_unsaved)) && !held.died;
}

void Host::Core::park(Holding& held) {
  auto const request = *std::exchange(held.saving.parking, std::nullopt);
  auto const job = held.job;
  note(Level::info, job, held.epoch, "checkpointed and let go");
  release(held);
  done(request, job);
}

// It couldn't be saved: it stays, and runs.
void Host::Core::go_on_here(Holding& held, Failure const& why) {
  done(*std::exchange(held.saving.parking, std::nullopt), held.job, why);
  settle(held);
}

// Who is to hear that it waits is gone, and the next allocator counts on what it is told is here.
void Host::Core::keep_the_parking() {
  for (auto const capsule : all_capsules()) {
    auto* const held = by_capsule(capsule);
    if (held == nullptr || !held->saving.parking || mutated(Mutation::park_under_the_next)) continue;
    held->saving.parking.reset();
    settle(*held);
  }
}

}  // namespace godwit::host
