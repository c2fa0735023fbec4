// Outputs: no two live jobs write to the same path. A job claims its outputs each time it starts or goes on
// from a file, and keeps them until it has ended, wherever it moves; what a former world's jobs had, they
// claim again.
#include <fmt/format.h>

#include "allocator/core.hpp"
#include "base/mutation.hpp"

namespace godwit::allocator {

namespace {

Failure taken(std::string const& path, JobRecord const& owner, JobId claimant) {
  auto const whose = fmt::format("output {} belongs to {}", path, called(owner));
  if (claimant.element() != 0 && claimant.array() == owner.job.array()) {
    return reject(
        "output_taken",
        fmt::format("{}, of the same array: give each element a path of its own, with %{{index}} or "
                    "%{{an axis}} in it",
                    whose));
  }
  bool const waits = owner.state == JobState::waiting || owner.state == JobState::stranded ||
                     owner.state == JobState::held;
  auto const* const state = owner.state == JobState::suspended ? "suspended"
                            : waits                            ? "yet to go on"
                                                               : "still running";
  return reject("output_taken",
                fmt::format("{}, which is {}: choose another path or wait for it (--after {})", whose, state,
                            owner.job.array()));
}

}  // namespace

void Allocator::Core::hear(Rank from, msg::ClaimOutputs const& message) {
  learn_holder(message.job, message.epoch, from);
  auto const* record = record_of(message.job);
  bool const here = record != nullptr && record->host == from && record->epoch == message.epoch &&
                    !is_ended(record->state);
  bool const starts = here && record->state == JobState::starting;
  if (!here || (!starts && !took_over)) {
    return note(Level::warning, message.job, message.epoch,
                fmt::format("ClaimOutputs from host {} is of old: dropped", from));
  }
  if (starts && awaiting() && !mutated(Mutation::claim_before_holdings)) {  // a host that hasn't been heard may have a job that writes there
    late_claims.emplace_back(from, message);
    return;
  }
  for (auto const& path : message.paths) {
    auto const owner = outputs.find(path);
    if (owner == outputs.end() || owner->second == message.job) continue;
    auto const why = taken(path, *record_of(owner->second), message.job);
    if (starts) return send(from, msg::OutputsClaimed{message.job, message.epoch, why});
    return note(Level::severe, message.job, message.epoch, why.context);
  }
  give_up_outputs(message.job);  // another attempt of it may have named others
  for (auto const& path : message.paths) outputs[path] = message.job;
  claims[message.job] = message.paths;
  if (starts) send(from, msg::OutputsClaimed{message.job, message.epoch, std::nullopt});
}

void Allocator::Core::give_up_outputs(JobId job) {
  auto const at = claims.find(job);
  if (at == claims.end()) return;
  for (auto const& path : at->second) outputs.erase(path);
  claims.erase(at);
}

}  // namespace godwit::allocator
