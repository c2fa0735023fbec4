#include <fmt/format.h>

#include "base/mutation.hpp"
#include "host/core.hpp"

namespace godwit::host {

Holding& Host::Core::hold(msg::PrepareArrival const& arrival) {
  CapsuleOrder order;
  order.job = arrival.job;
  order.spec = arrival.spec;
  order.clone_of = arrival.clone_of;
  order.arena_bytes = arrival.arena_bytes;
  return hold(std::move(order), arrival.target_epoch);
}

Holding& Host::Core::hold(msg::StartJob const& start, Kept const* copy, bool from_copy) {
  CapsuleOrder order;
  order.job = start.job;
  order.spec = start.spec;
  order.clone_of = start.clone_of;
  order.fresh_files = start.fresh_files;
  if (start.images.empty() && !from_copy) order.start_at = start.epoch;
  if (copy != nullptr) {
    order.capsule = copy->arena;
    order.arena_bytes = copy->arena_bytes;
  }
  return hold(std::move(order), start.epoch);
}

Holding& Host::Core::hold(CapsuleOrder order, Epoch epoch) {
  if (order.capsule == CapsuleId{0}) order.capsule = last_capsule = last_capsule.next();
  auto& held = holdings[order.capsule];
  held.job = order.job;
  held.epoch = epoch;
  held.capsule = order.capsule;
  held.spec = order.spec;
  held.clone_of = order.clone_of;
  held.interval = checkpoint::Interval{order.spec.checkpoint_every, order.spec.checkpoint_auto};
  if (failures_every > Duration{0}) held.interval.expect_failures(failures_every);
  capsules.emplace(order.job, order.capsule);
  held.cores = cores.take(order.spec.cores);
  held.identities = identities.take(order.spec.resources);
  for (auto& [name, value] : environment_of(held.identities)) order.spec.environment[name] = std::move(value);
  order.host = self;
  order.cpus = held.cores.cpus;
  emit(PrepareCapsule{std::move(order)});
  return held;
}

Holding* Host::Core::by_capsule(CapsuleId capsule) {
  auto const at = holdings.find(capsule);
  return at == holdings.end() ? nullptr : &at->second;
}

std::vector<CapsuleId> Host::Core::capsules_of(JobId job) const {
  std::vector<CapsuleId> found;
  for (auto at = capsules.lower_bound({job, CapsuleId{0}}); at != capsules.end() && at->first == job; ++at) {
    found.push_back(at->second);
  }
  return found;
}

std::vector<CapsuleId> Host::Core::all_capsules() const {
  std::vector<CapsuleId> all;
  all.reserve(holdings.size());
  for (auto const& [capsule, held] : holdings) all.push_back(capsule);
  return all;
}

Holding* Host::Core::live_at(JobId job, Epoch epoch) {
  for (auto const capsule : capsules_of(job)) {
    auto& held = holdings.at(capsule);
    if (held.is_live() && held.epoch == epoch && !held.superseded) return &held;
  }
  return nullptr;
}

Holding* Host::Core::arrival_at(JobId job, Epoch target_epoch) {
  for (auto const capsule : capsules_of(job)) {
    auto& held = holdings.at(capsule);
    if (held.arrival && held.arrival->target_epoch() == target_epoch) return &held;
  }
  return nullptr;
}

Holding* Host::Core::departing(JobId job, Epoch target_epoch) {
  for (auto const capsule : capsules_of(job)) {
    auto& held = holdings.at(capsule);
    if (held.is_live() && held.leaving && held.leaving->departure.target_epoch() == target_epoch)
      return &held;
  }
  return nullptr;
}

Holding* Host::Core::newest_of(JobId job) {
  Holding* newest = nullptr;
  for (auto const capsule : capsules_of(job)) {
    auto& held = holdings.at(capsule);
    if (held.phase == Holding::Phase::released) continue;
    if (newest == nullptr || held.epoch > newest->epoch) newest = &held;
  }
  return newest;
}

void Host::Core::supersede(JobId job, Epoch epoch, bool keep_committed) {
  for (auto const capsule : capsules_of(job)) {
    auto& held = holdings.at(capsule);
    if (held.phase == Holding::Phase::released || held.epoch >= epoch) continue;
    if (mutated(Mutation::keep_the_superseded)) continue;
    if (held.is_committed() && keep_committed) {
      held.superseded = true;  // its Accepted is on its way
      identities.give_back(std::exchange(held.identities, {}));
    } else if (held.phase == Holding::Phase::arriving) {
      refuse(held, reject("superseded", fmt::format("job {} comes to host {} at a later epoch", job, self)));
    } else {
      note(Level::warning, job, held.epoch,
           fmt::format("released: the allocator has given the job out at epoch {}", epoch));
      if (held.leaving && !held.is_committed()) {
        send(held.leaving->departure.target(),
             msg::AbandonMove{job, held.leaving->departure.target_epoch(),
                              held.leaving->departure.thaw_epoch(), false,
                              reject("superseded", "a later epoch has come to the source"), true});
      }
      release(held);
    }
  }
}

void Host::Core::release(Holding& held, bool kill) {
  invariant(held.phase != Holding::Phase::released, "a holding is released once");
  if (kill) emit(KillCapsule{held.capsule});
  held.phase = Holding::Phase::released;
  cores.give_back(std::exchange(held.cores, {}));
  identities.give_back(std::exchange(held.identities, {}));
  disarm(held.interval_timer);
  disarm(held.limits_timer);
  disarm(held.saving.patience);
  disarm(held.starting.next_try);
  if (held.starting.copy) disarm(held.starting.copy->patience);
  give_up_copy(held);
  if (held.leaving) {
    std::optional<RequestId> patience = held.leaving->patience;
    disarm(patience);
  }
  bounce_orders(held);
  forget_if_unused(held);
}

void Host::Core::unpin(Holding& held) {
  invariant(held.pins > 0, "an arena is let go as often as it was pinned");
  --held.pins;
  forget_if_unused(held);
}

void Host::Core::forget_if_unused(Holding& held) {
  if (held.phase != Holding::Phase::released || held.pins > 0 || held.round_may_come) return;
  emit(ForgetCapsule{held.capsule});
  capsules.erase({held.job, held.capsule});
  holdings.erase(CapsuleId{held.capsule});
}

RequestId Host::Core::arm(Duration after, TimerKind kind, CapsuleId capsule) {
  auto const timer = new_request();
  timers.emplace(timer, Timer{kind, capsule});
  emit(Arm{timer, now + after});
  return timer;
}

void Host::Core::disarm(std::optional<RequestId>& timer) {
  if (timer && timers.erase(*timer) > 0) emit(Arm{*timer, Instant{}});
  timer.reset();
}

RequestId Host::Core::ask(Holding const& held) {
  auto const request = new_request();
  asked.emplace(request, held.capsule);
  return request;
}

Holding* Host::Core::answered(RequestId request) {
  auto const at = asked.find(request);
  if (at == asked.end()) return nullptr;
  auto const capsule = at->second;
  asked.erase(at);
  return by_capsule(capsule);
}

// Of an array's elements there may be thousands a second: only what is out of the ordinary is said.
void Host::Core::note(Level level, JobId job, Epoch epoch, std::string text) {
  if (level < Level::warning && job.element() != 0) return;
  emit(Write{Note{level, job, epoch, std::move(text)}});
}

}  // namespace godwit::host
