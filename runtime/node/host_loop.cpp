#include "node/host_loop.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace godwit {

namespace {

// How long after a job was frozen, or pages were sent, every wake-up counts.
constexpr Duration urgency = 20ms;

Failure no_memory(std::uint64_t bytes) {
  return retry_later("no_memory", fmt::format("an arena of {} bytes can't be mapped on this host", bytes));
}

bool fits(std::vector<msg::PageRange> const& ranges, std::uint64_t arena_bytes) {
  for (auto const& range : ranges) {
    if (range.bytes > arena_bytes || range.offset > arena_bytes - range.bytes) return false;
  }
  return true;
}

std::uint64_t end_of(std::vector<msg::PageRange> const& ranges) {
  std::uint64_t end = 0;
  for (auto const& range : ranges) end = std::max(end, range.offset + range.bytes);
  return end;
}

}  // namespace

void HostLoop::step(host::Event event) {
  answers_.push_back(std::move(event));
  while (!answers_.empty()) {
    auto const next = std::move(answers_.front());
    answers_.pop_front();
    host::Effects effects;
    host_.step(world.clock.now(), next, effects);
    for (auto& effect : effects) {
      std::visit([this](auto& held) { carry_out(held); }, effect);
    }
  }
}

bool HostLoop::poll_ports() {
  bool happened = false;
  for (auto& event : ports_.capsules.poll()) {
    step(std::move(event));
    happened = true;
  }
  for (auto& event : ports_.store.poll()) {
    step(std::move(event));
    happened = true;
  }
  for (auto& event : ports_.rounds.poll()) {
    step(std::move(event));
    happened = true;
  }
  return happened;
}

void HostLoop::hurry() {
  urgent_until_ = world.clock.now() + urgency;
}

void HostLoop::carry_out(host::ReadLoad&) {
  host::LoadRead read{ports_.gauge.read(), {}};
  read.capsules.reserve(capsules_.size());
  for (auto const capsule : capsules_) read.capsules.emplace_back(capsule, ports_.capsules.report(capsule));
  answers_.emplace_back(std::move(read));
}

void HostLoop::carry_out(host::PrepareCapsule& effect) {
  capsules_.insert(effect.order.capsule);
  ports_.capsules.prepare(std::move(effect.order));
}

void HostLoop::carry_out(host::RestoreCapsule& effect) {
  hurry();
  ports_.capsules.restore(effect.capsule, effect.epoch, std::move(effect.manifest));
}

void HostLoop::carry_out(host::FreezeCapsule& effect) {
  hurry();
  ports_.capsules.freeze(effect.capsule);
}

void HostLoop::carry_out(host::CallCapsule& effect) {
  ports_.capsules.call(effect.capsule, effect.request, std::move(effect.method), std::move(effect.arguments));
}

void HostLoop::carry_out(host::KillCapsule& effect) {
  capsules_.erase(effect.capsule);
  ports_.capsules.kill(effect.capsule);
}

void HostLoop::carry_out(host::ForgetCapsule& effect) {
  capsules_.erase(effect.capsule);
  ports_.store.forget(effect.capsule);
  ports_.capsules.forget(effect.capsule);
}

std::optional<std::span<std::byte>> HostLoop::arena(CapsuleId capsule, std::uint64_t bytes) {
  if (bytes == 0) return std::span<std::byte>{};
  auto const whole = ports_.capsules.arena(capsule, bytes);
  if (whole.size() < bytes) return std::nullopt;
  return whole.first(bytes);
}

void HostLoop::carry_out(host::SendPages& effect) {
  hurry();
  auto const memory = arena(effect.capsule, end_of(effect.ranges));
  invariant(memory.has_value(), "a frozen job's arena is mapped");
  std::vector<std::span<std::byte const>> pages;
  for (auto const& range : effect.ranges) pages.push_back(memory->subspan(range.offset, range.bytes));
  world.transport.send_pages(effect.to, effect.stream, std::move(pages));
}

void HostLoop::carry_out(host::ReceivePages& effect) {
  hurry();
  auto const memory =
      fits(effect.ranges, effect.arena_bytes) ? arena(effect.capsule, effect.arena_bytes) : std::nullopt;
  if (!memory) {
    ports_.capsules.kill(effect.capsule);  // Failed says that the process is gone
    answers_.emplace_back(CapsuleEvent{capsule::Failed{effect.capsule, no_memory(effect.arena_bytes)}});
    return;
  }
  std::vector<std::span<std::byte>> pages;
  for (auto const& range : effect.ranges) pages.push_back(memory->subspan(range.offset, range.bytes));
  world.transport.receive_pages(effect.from, effect.stream, std::move(pages));
}

void HostLoop::carry_out(host::KeepArena& effect) {
  bool const kept = ports_.capsules.keep(effect.capsule, effect.memory_bytes, effect.arena_bytes);
  if (!kept) answers_.emplace_back(CapsuleEvent{capsule::Failed{effect.capsule, no_memory(effect.arena_bytes)}});
}

void HostLoop::carry_out(host::GatherRound& effect) {
  hurry();
  auto const memory = arena(effect.capsule, effect.arena_bytes);
  invariant(memory.has_value(), "a frozen job's arena is mapped");
  ports_.rounds.gather(effect.round, *memory, ports_.capsules.written_pages(effect.capsule), effect.whole);
}

void HostLoop::carry_out(host::SendRound& effect) {
  world.transport.send_pages(effect.to, effect.stream, {ports_.rounds.memory(effect.round)});
}

void HostLoop::carry_out(host::ReceiveRound& effect) {
  auto const memory = ports_.rounds.hold(effect.round, effect.bytes);
  invariant(memory.size() == effect.bytes, "there is memory for what was awaited");
  world.transport.receive_pages(effect.from, effect.stream, {memory});
}

void HostLoop::carry_out(host::ScatterRound& effect) {
  auto const memory = arena(effect.capsule, effect.arena_bytes);
  invariant(memory.has_value(), "a copy's arena is mapped");
  ports_.rounds.scatter(effect.round, std::move(effect.ranges), *memory);
}

void HostLoop::carry_out(host::WriteCheckpoint& effect) {
  hurry();
  auto const memory = arena(effect.capsule, effect.arena_bytes);
  invariant(memory.has_value(), "a frozen job's arena is mapped");
  ports_.store.write(effect.request, std::move(effect.label), std::move(effect.manifest), *memory,
                     {effect.capsule, ports_.capsules.written_pages(effect.capsule)});
}

void HostLoop::carry_out(host::LoadImage& effect) {
  auto const memory = arena(effect.capsule, effect.arena_bytes);
  if (!memory) {
    answers_.emplace_back(StoreEvent{stored::Loaded{effect.request, no_memory(effect.arena_bytes)}});
    return;
  }
  ports_.store.load(effect.request, std::move(effect.image), *memory);
}

}  // namespace godwit
