// Which image a job begins from: the newest of its lineage that verifies, and loads. One that is damaged is set aside at
// once; one that can't be read may be readable in a moment.
#include <fmt/format.h>

#include <algorithm>

#include "base/figures.hpp"
#include "base/mutation.hpp"
#include "host/core.hpp"

namespace godwit::host {

namespace {

constexpr Duration pause_min = 250ms, pause_max = 4s;

bool passes(Failure const& why) {
  return why.reaction == Reaction::retry_later;
}

}  // namespace

// Not that of the job that it was cloned from: that one is no part of its lineage, and doesn't count in it.
bool is_own(JobId job, msg::ImageName const& image) {
  return image.path == checkpoint_path(job, image.epoch, image.generation);
}

void Host::Core::verify_images(Holding& held) {
  held.starting.asked = ask(held);
  emit(VerifyImages{*held.starting.asked, held.starting.images});
}

void Host::Core::on(stored::Verified const& event) {
  auto* const held = answered(event.request);
  if (held == nullptr || held->starting.asked != event.request) return;
  auto& starting = held->starting;
  starting.asked.reset();
  if (held->phase != Holding::Phase::preparing) return;
  auto const unread = std::ranges::find_if(event.set_aside, passes);
  if (unread != event.set_aside.end() && reads_again(*held, *unread)) return;
  starting.set_aside.insert(starting.set_aside.end(), event.set_aside.begin(), event.set_aside.end());
  bool const bad = !event.image && !mutated(Mutation::adopt_unverified);
  if (bad) return next_image(*held, event.image.failure());
  starting.chosen = event.image ? *event.image : starting.images.front();
  starting.manifest = event.manifest;
  starting.arena_bytes = event.arena_bytes;
  go_on_starting(*held);
}

void Host::Core::on(stored::Loaded const& event) {
  auto* const held = answered(event.request);
  if (held == nullptr || held->starting.asked != event.request) return;
  held->starting.asked.reset();
  if (held->phase == Holding::Phase::released) return unpin(*held);
  --held->pins;
  if (!event.status) return next_image(*held, event.status.failure());
  held->starting.told = true;
  emit(RestoreCapsule{held->capsule, held->epoch, std::move(held->starting.manifest)});
}

// An error of reading may pass, and on some filesystems a name that another host has just given is seen late. To take an older
// image would lose work: that is for what is damaged, or stays unreadable.
bool Host::Core::reads_again(Holding& held, Failure const& why) {
  auto& starting = held.starting;
  if (now - starting.reading_since >= settings.read_patience) return false;
  if (starting.pause == Duration{0}) {
    note(Level::warning, held.job, held.epoch,
         fmt::format("{}; tried again for up to {}", why.context, spell_duration(settings.read_patience)));
  }
  starting.pause = std::clamp(starting.pause * 2, pause_min, pause_max);
  starting.next_try = arm(starting.pause, TimerKind::reading, held.capsule);
  return true;
}

// The chosen image, or all of them, turned out bad. What is left is tried in a new capsule, for the arena of this one is no
// longer zero-filled.
void Host::Core::next_image(Holding& held, Failure bad) {
  auto& starting = held.starting;
  bool const again = starting.chosen && passes(bad) && now - starting.reading_since < settings.read_patience;
  if (starting.chosen && !again) starting.set_aside.push_back(bad);
  auto rest = starting.images;
  if (!starting.chosen) rest.clear();
  if (starting.chosen && !again) rest.erase(rest.begin(), std::next(std::ranges::find(rest, *starting.chosen)));
  if (rest.empty()) return no_image(held, bad);

  msg::StartJob const next{held.job, held.epoch, held.spec, std::move(rest), held.clone_of, starting.fresh_files};
  auto const generation = held.last_generation;
  auto before = std::move(starting);
  release(held);
  auto& other = hold_start(next);
  other.last_generation = generation;
  other.starting.set_aside = std::move(before.set_aside);
  other.starting.reading_since = before.reading_since;
  other.starting.pause = before.pause;
  if (!again || !reads_again(other, bad)) verify_images(other);
}

// What can't be read here may be readable elsewhere, or later: that is a crash, and not the job's end.
void Host::Core::no_image(Holding& held, Failure const& bad) {
  auto const& set_aside = held.starting.set_aside;
  std::string reason = fmt::format("no image of job {} verifies", held.job);
  for (auto const& failure : set_aside) reason += fmt::format("; {}", failure.context);
  if (set_aside.empty()) reason += fmt::format(": {}", bad.context);
  bool const unread = passes(bad) || std::ranges::any_of(set_aside, passes);
  fail_start(held, std::move(reason), true, unread ? Ending::crashed : Ending::failed);
}

}  // namespace godwit::host
