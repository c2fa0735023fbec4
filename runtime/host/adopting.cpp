// The start of a job from a partner's copy, here or at another host. Where that can't be had, it starts from its newest
// image, as ever.
#include <fmt/format.h>

#include "base/mutation.hpp"
#include "custody/commit.hpp"
#include "host/core.hpp"

namespace godwit::host {

Kept* Host::Core::own_copy_for(msg::StartJob const& message) {
  if (!message.copy || message.copy->keeper != self) return nullptr;
  auto* const copy = kept_of(message.job);
  if (copy == nullptr || copy->epoch != message.copy->epoch || copy->lent > 0 || copy->referred_to) return nullptr;
  bool const newer = message.images.empty() || is_newer(copy->epoch, copy->label.generation, message.images.front());
  return newer || mutated(Mutation::adopt_an_old_copy) ? copy : nullptr;
}

// Its arena becomes the job's. A round that is being put into it is waited for.
void Host::Core::adopt(msg::StartJob const& message, Kept& copy) {
  auto& held = hold_start(message, &copy);
  auto& from = held.starting.copy.emplace();
  from.keeper = self;
  from.of = copy.epoch;
  from.label = copy.label;
  from.whole = !copy.changing;
  copies.erase(copy.job);
  if (copy.changing) {
    ++held.pins;  // Scattered finds the holding by its arena
  } else {
    kept.erase(CapsuleId{copy.arena});
  }
}

// The capsule is prepared, and its outputs are its own.
void Host::Core::take_copy(Holding& held) {
  auto& copy = *held.starting.copy;
  if (copy.keeper == self) {
    if (copy.whole) begin_from_copy(held);
    return;
  }
  if (std::exchange(copy.asked, true)) return;
  if (dead.contains(copy.keeper)) {
    return go_on_without_copy(held, peer_lost("peer_died", fmt::format("host {}, which had it, died", copy.keeper)));
  }
  held.round_may_come = true;
  copy.patience = arm(settings.copy_patience, TimerKind::adoption, held.capsule);
  send(copy.keeper, msg::WantCopy{held.job, held.epoch, copy.of});
}

void Host::Core::copy_has_come(Holding& held) {
  auto& copy = *held.starting.copy;
  if (!copy.came || !copy.seal) return;
  auto const& label = copy.seal->label;
  bool const agrees = commit_digest(label.manifest, held.epoch, *copy.came) == copy.seal->digest ||
                      mutated(Mutation::keep_any_copy);
  if (!agrees) {
    return go_on_without_copy(
        held, data_lost("digest", fmt::format("what came from host {} is not what was sent: its digest differs", copy.keeper)));
  }
  copy.label = label;
  auto const& images = held.starting.images;
  if (!images.empty() && !is_newer(copy.of, label.generation, images.front()) && !mutated(Mutation::adopt_an_old_copy)) {
    return go_on_without_copy(held, reject("older", "it is older than the newest checkpoint"));
  }
  begin_from_copy(held);
}

// In the order of its lineage the copy comes after its newest image.
void Host::Core::begin_from_copy(Holding& held) {
  auto& starting = held.starting;
  auto const& label = starting.copy->label;
  held.last_generation = std::max(held.last_generation, label.generation);
  held.interval_age = label.interval_age;
  held.checkpoint_cost = label.checkpoint_cost;
  if (held.checkpoint_cost > Duration{0}) held.interval.measured(held.checkpoint_cost);
  if (!starting.images.empty()) starting.chosen = starting.images.front();
  starting.told = true;
  emit(RestoreCapsule{held.capsule, held.epoch, label.manifest});
}

void Host::Core::go_on_without_copy(Holding& held, Failure const& why) {
  note(Level::warning, held.job, held.epoch,
       fmt::format("its copy in the memory of host {} can't be used: {}", held.starting.copy->keeper, why.context));
  msg::StartJob const next{held.job, held.epoch, held.spec, held.starting.images, held.clone_of, held.starting.fresh_files};
  auto const generation = held.last_generation;
  release(held);
  auto& other = hold_start(next);
  other.last_generation = std::max(generation, other.last_generation);
  other.starting.reading_since = now;
  if (!other.starting.afresh) verify_images(other);
}

// The two hosts may not hear each other.
void Host::Core::adoption_patience(Holding& held) {
  auto& copy = *held.starting.copy;
  copy.patience.reset();
  if (held.phase != Holding::Phase::preparing || held.starting.told) return;
  go_on_without_copy(held, retry_later("no_answer", copy.stream ? "its pages don't come" : "that host doesn't answer"));
}

void Host::Core::on(Rank from, msg::CopyRefused const& message) {
  for (auto const capsule : capsules_of(message.job)) {
    auto& held = holdings.at(capsule);
    auto const& copy = held.starting.copy;
    if (held.epoch != message.epoch || !copy || copy->keeper != from || !copy->asked || copy->stream) continue;
    held.round_may_come = false;
    if (held.phase == Holding::Phase::released) return forget_if_unused(held);
    return go_on_without_copy(held, message.why);
  }
}

// died: it is proven, and nothing comes of it any more. Else it only counts as dead: its answer may come yet.
void Host::Core::keeper_is_gone(Rank keeper, bool died) {
  for (auto const capsule : all_capsules()) {
    auto* const held = by_capsule(capsule);
    if (held == nullptr || !held->starting.copy || held->starting.copy->keeper != keeper || keeper == self) continue;
    auto const& copy = *held->starting.copy;
    if (died) held->round_may_come = false;
    if (held->phase == Holding::Phase::released) {
      forget_if_unused(*held);
      continue;
    }
    bool const here = copy.came && copy.seal;
    if (held->phase != Holding::Phase::preparing || here || !copy.asked) continue;
    go_on_without_copy(*held, peer_lost("peer_died", fmt::format("host {} {}", keeper, died ? "died" : "counts as dead")));
  }
}

}  // namespace godwit::host
