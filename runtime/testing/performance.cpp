#include "testing/performance.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/archive.hpp"
#include "edge/capsules/link/clock.hpp"
#include "state/spelling.hpp"

namespace godwit::testing {

namespace {

constexpr std::uint8_t poison = 0xf1;  // -1.0e238 as a double, and far below zero as any integer

constexpr std::uint64_t vary_factor = 20;  // steps that depend on time may well be so many more

constexpr Duration interrupt_poll = 200ms;

CapsuleId capsule_of(CapsuleEvent const& event) {
  return std::visit([](auto const& one) { return one.capsule; }, event);
}

}  // namespace

Performance::Performance(ZygoteProcess zygote, std::filesystem::path const& store, CapsuleOrder order,
                         Plan plan, Duration patience)
    : service_(std::move(zygote), CapsuleService::Settings{store}),
      order_(std::move(order)),
      plan_(plan),
      patience_(patience) {
  order_.tell_end = true;
  run_.how = plan_.how();
}

Result<Run> Performance::play() {
  begin_leg();
  while (!over_) {
    auto event = next();
    if (!event) return event.failure();
    if (capsule_of(*event) != order_.capsule) continue;
    Status status = Done{};
    if (auto const* prepared = std::get_if<capsule::Prepared>(&*event)) {
      run_.steps_vary = service_.steps_vary(order_.capsule);
      status = enter(*prepared);
    }
    if (auto* frozen = std::get_if<capsule::Frozen>(&*event)) status = take(*frozen);
    if (auto* ended = std::get_if<capsule::Ended>(&*event)) take(*ended);
    if (auto* died = std::get_if<capsule::Died>(&*event)) {
      end("crashed: " + died->outcome.reason, died->outcome.steps);
    }
    if (auto* failed = std::get_if<capsule::Failed>(&*event)) {
      if (!image_) return failed->why;
      end("refused: " + failed->why.context, image_->manifest.steps);
    }
    if (!status) return status.failure();
  }
  return std::move(run_);
}

Result<CapsuleEvent> Performance::next() {
  auto const deadline = boot_now() + patience_;
  for (;;) {
    for (auto& event : service_.poll()) heard_.push_back(std::move(event));
    if (!heard_.empty()) {
      auto event = std::move(heard_.front());
      heard_.pop_front();
      return event;
    }
    if (interrupted_ && interrupted_()) return reject("interrupted", "interrupted");
    auto const left = deadline - boot_now();
    if (left <= 0ns) {
      return reject("no_end", fmt::format("the job reached no safe point within {} s, {}, after {} steps",
                                          patience_ / 1s, run_.how, service_.report(order_.capsule).steps));
    }
    pollfd readable{service_.wait_fd(), POLLIN, 0};
    ::poll(&readable, 1, static_cast<int>(std::min<Duration>(left, interrupt_poll) / 1ms) + 1);
  }
}

// ---- legs

void Performance::begin_leg() {
  order_.capsule = order_.capsule.next();
  order_.arena_bytes = image_ ? image_->manifest.arena_bytes : 0;
  order_.poison = image_ ? poison : 0;
  service_.prepare(order_);
}

Status Performance::enter(capsule::Prepared const& prepared) {
  for (auto const& output : prepared.outputs) {  // none of them has been opened yet
    if (output.starts_with(order_.spec.directory + "/")) continue;
    return reject("output_outside",
                  fmt::format("its output {} lies outside the run's own directory, so every run "
                              "would write the same file: give it by a relative path",
                              output));
  }
  auto const steps = image_ ? image_->manifest.steps : 0;
  // Before it may take a step, so that it takes exactly as many as it should.
  if (plan_.kind != Plan::Kind::undisturbed) service_.freeze_at(order_.capsule, steps + plan_.every);
  if (!image_) {
    service_.start(order_.capsule, epoch_);
    return Done{};
  }
  auto const& manifest = image_->manifest;
  auto const arena = service_.arena(order_.capsule, manifest.arena_bytes);
  if (arena.size() < manifest.arena_bytes) return retry_later("no_memory", "no memory for the job's arrays");
  std::memset(arena.data(), poison, arena.size());
  for (std::size_t i = 0; i < manifest.arrays.size(); ++i) {
    auto const& bytes = image_->arrays[i];
    if (!bytes.empty()) std::memcpy(arena.data() + manifest.arrays[i].offset, bytes.data(), bytes.size());
  }
  service_.restore(order_.capsule, epoch_, image_->encoded);
  return Done{};
}

void Performance::leave() {
  service_.kill(order_.capsule);
  service_.forget(order_.capsule);
  epoch_ = epoch_.next();
  order_.host = Rank{3 - order_.host.value};  // to and fro between 1 and 2
  beyond_ = false;
}

Status Performance::take(capsule::Frozen& frozen) {
  if (!beyond_) {
    auto image = image_of(std::move(frozen.manifest));
    if (!image) return image.failure();
    image_ = *std::move(image);
    if (plan_.kind == Plan::Kind::restarts) {
      beyond_ = true;
      epoch_ = epoch_.next();
      service_.thaw_until(order_.capsule, epoch_, image_->manifest.steps + plan_.every);
      return Done{};
    }
  }
  ++run_.moves;
  leave();
  if (image_->manifest.steps / (run_.steps_vary ? vary_factor : 1) > steps_max_) {
    end("still running", image_->manifest.steps);
  } else {
    begin_leg();
  }
  return Done{};
}

// ---- the end

void Performance::take(capsule::Ended& ended) {
  if (beyond_) {  // nobody heard of that end
    ++run_.moves;
    leave();
    return begin_leg();
  }
  auto const finished = ended.outcome.ending == Ending::finished;
  end(finished ? "finished" : "failed: " + ended.outcome.reason, ended.outcome.steps);
  if (!finished) return;
  auto image = image_of(std::move(ended.manifest));
  if (!image) {
    run_.outcome += ", with a state that can't be read: " + image.failure().context;
    return;
  }
  auto const& manifest = image->manifest;
  for (auto const& field : manifest.fields)
    run_.fields[field.name] = {name_of(field.kind()), value_text(field)};
  for (std::size_t i = 0; i < manifest.arrays.size(); ++i) {
    auto const& place = manifest.arrays[i];
    run_.arrays[place.name] = {name_of(place.scalar), place.shape, std::move(image->arrays[i])};
  }
}

void Performance::end(std::string outcome, std::uint64_t steps) {
  run_.outcome = std::move(outcome);
  run_.steps = steps;
  over_ = true;
}

Result<Performance::Image> Performance::image_of(Bytes encoded) {
  auto manifest = decode<Manifest>(encoded);
  if (!manifest) return manifest.failure();
  Image image{*std::move(manifest), std::move(encoded), {}};
  auto const arena = service_.arena(order_.capsule, image.manifest.arena_bytes);
  for (auto const& place : image.manifest.arrays) {
    if (place.offset > arena.size() || place.bytes > arena.size() - place.offset) {
      return data_lost("malformed", fmt::format("array '{}' lies outside the arena", place.name));
    }
    auto const bytes = arena.subspan(place.offset, place.bytes);
    image.arrays.emplace_back(bytes.begin(), bytes.end());
  }
  return image;
}

}  // namespace godwit::testing
