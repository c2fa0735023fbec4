#include "support/fake_capsules.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace godwit::test {

// ---- Census

void Census::begins(JobId job, Epoch epoch, Rank host, CapsuleId capsule, std::uint64_t steps) {
  auto const runner = runners_.find(job);
  EXPECT_TRUE(runner == runners_.end() || runner->second == std::pair(host, capsule))
      << "job " << job.value << " begins on host " << host.value << " while it runs on host "
      << runner->second.first.value;
  runners_[job] = {host, capsule};
  EXPECT_GE(epoch, epochs_[job]) << "job " << job.value << " runs at an older epoch than before";
  epochs_[job] = epoch;
  if (lost_.erase(job) > 0) {
    EXPECT_LE(steps, steps_[job]);
    steps_[job] = steps;
  }
  EXPECT_EQ(steps, steps_[job]) << "job " << job.value << " goes on from another step than it was left at";
}

void Census::steps(JobId job, Rank host, CapsuleId capsule, std::uint64_t step) {
  auto const runner = runners_.find(job);
  ASSERT_TRUE(runner != runners_.end() && runner->second == std::pair(host, capsule));
  EXPECT_EQ(step, ++steps_[job]) << "job " << job.value << " lost or doubled a step";
}

void Census::stops(JobId job, Rank host, CapsuleId capsule) {
  auto const runner = runners_.find(job);
  if (runner != runners_.end() && runner->second == std::pair(host, capsule)) runners_.erase(runner);
}

std::uint64_t Census::steps_of(JobId job) const {
  auto const at = steps_.find(job);
  return at == steps_.end() ? 0 : at->second;
}

// ---- FakeCapsules

namespace {

constexpr std::size_t arena_max = 1 << 16;

std::uint64_t argument(JobSpec const& spec, char const* name, std::uint64_t fallback) {
  auto const at = spec.arguments.find(name);
  return at == spec.arguments.end() ? fallback : std::stoull(at->second);
}

}  // namespace

FakeCapsules::~FakeCapsules() {
  for (auto const& [id, capsule] : capsules_) census_.stops(capsule.order.job, host_, id);
}

std::size_t FakeCapsules::alive() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(capsules_, [](auto const& entry) { return entry.second.alive; }));
}

FakeCapsules::Capsule* FakeCapsules::alive(CapsuleId capsule) {
  auto const at = capsules_.find(capsule);
  return at != capsules_.end() && at->second.alive ? &at->second : nullptr;
}

void FakeCapsules::tell(CapsuleId capsule, Command command) {
  if (auto* const told = alive(capsule)) told->commands.push_back(std::move(command));
}

bool FakeCapsules::advance(Random& random) {
  std::vector<CapsuleId> ready;
  for (auto const& [id, capsule] : capsules_) {
    bool const waits = !has_lease() && !capsule.commands.empty() && begins(capsule.commands.front());
    if (capsule.alive && !waits && (!capsule.commands.empty() || can_step(capsule))) ready.push_back(id);
  }
  if (ready.empty()) return false;
  auto& capsule = capsules_.at(ready[random.below(ready.size())]);
  if (capsule.commands.empty() || (can_step(capsule) && random.below(2) == 0)) {
    step(capsule);
    return true;
  }
  auto const command = std::move(capsule.commands.front());
  capsule.commands.pop_front();
  std::visit([&](auto const& held) { obey(capsule, held); }, command);
  return true;
}

bool FakeCapsules::keep(CapsuleId id, std::uint64_t, std::uint64_t) {
  auto& capsule = capsules_[id];
  capsule.kept = true;
  capsule.alive = false;
  capsule.arena.resize(arena_max);
  return true;
}

void FakeCapsules::prepare(CapsuleOrder order) {
  auto& capsule = capsules_[order.capsule];
  bool const was_kept = std::exchange(capsule.kept, false);
  capsule.alive = true;
  capsule.steps_all = argument(order.spec, "steps", 1'000'000'000);
  capsule.cells = argument(order.spec, "cells", 16);
  capsule.order = std::move(order);
  bool const moves_here = capsule.order.arena_bytes > 0;
  if (!was_kept) capsule.arena.resize(moves_here && welcome == Welcome::no_memory ? 0 : arena_max);
  capsule.commands.emplace_back(Prepare{});
  if (capsule.order.start_at) capsule.commands.emplace_back(Start{*capsule.order.start_at});
}

void FakeCapsules::obey(Capsule& capsule, Prepare const&) {
  bool const moves_here = capsule.order.arena_bytes > 0;
  if (moves_here && welcome == Welcome::not_prepared)
    return fail(capsule, retry_later("no_memory", "no room for another capsule"));
  if (capsule.order.spec.type != "count") return fail(capsule, reject("wrong_plugin", "only counting jobs run here"));
  events_.emplace_back(capsule::Prepared{capsule.order.capsule});
}

void FakeCapsules::obey(Capsule& capsule, Start const& command) {
  begin(capsule, command.epoch);
}

void FakeCapsules::obey(Capsule& capsule, Restore const& command) {
  auto const manifest = decode<Manifest>(command.manifest);
  if (!manifest) return fail(capsule, manifest.failure());
  capsule.steps = manifest->steps;
  capsule.suspended = manifest->suspended;
  EXPECT_EQ(manifest->arena_bytes, arena_bytes(capsule));
  EXPECT_TRUE(adds_up(capsule)) << "job " << capsule.order.job.value << ": pages and manifest of step "
                                << capsule.steps << " don't belong together";
  begin(capsule, command.epoch);
}

void FakeCapsules::begin(Capsule& capsule, Epoch epoch) {
  capsule.begun = true;
  capsule.frozen = false;
  capsule.epoch = epoch;
  capsule.last_safe_point = clock_.now();
  if (capsule.order.clone_of != JobId{}) census_.is_clone(capsule.order.job, capsule.steps);
  census_.begins(capsule.order.job, epoch, host_, capsule.order.capsule, capsule.steps);
  events_.emplace_back(capsule::Running{capsule.order.capsule, capsule.steps, capsule.suspended});
}

void FakeCapsules::obey(Capsule& capsule, Freeze const&) {
  EXPECT_TRUE(capsule.begun && !capsule.frozen) << "a freeze of what doesn't run";
  capsule.frozen = true;
  stop(capsule);
  events_.emplace_back(
      capsule::Frozen{capsule.order.capsule, clock_.now(), manifest_of(capsule), arena_bytes(capsule)});
}

void FakeCapsules::obey(Capsule& capsule, Thaw const& command) {
  EXPECT_GE(command.epoch, capsule.epoch);
  begin(capsule, command.epoch);
}

void FakeCapsules::obey(Capsule& capsule, Suspend const& command) {
  EXPECT_FALSE(capsule.frozen) << "an order to a frozen capsule";
  capsule.suspended = command.on;
  if (command.on) {
    events_.emplace_back(capsule::Suspended{capsule.order.capsule});
  } else {
    events_.emplace_back(capsule::Resumed{capsule.order.capsule});
  }
}

void FakeCapsules::obey(Capsule& capsule, Call const& command) {
  EXPECT_FALSE(capsule.frozen) << "a call to a frozen capsule";
  events_.emplace_back(
      capsule::Called{capsule.order.capsule, command.request, std::nullopt, std::to_string(capsule.steps)});
}

void FakeCapsules::step(Capsule& capsule) {
  if (capsule.steps < capsule.steps_all) {
    ++capsule.steps;
    ++cells_of(capsule)[capsule.steps % capsule.cells];
    census_.steps(capsule.order.job, host_, capsule.order.capsule, capsule.steps);
    capsule.last_safe_point = clock_.now();
  }
  if (capsule.steps < capsule.steps_all) return;
  EXPECT_TRUE(adds_up(capsule));
  stop(capsule);
  capsule.alive = false;
  capsule.commands.clear();
  auto state = capsule.order.tell_end ? manifest_of(capsule) : Bytes{};
  events_.emplace_back(
      capsule::Ended{capsule.order.capsule, Outcome{Ending::finished, {}, {}, capsule.steps}, std::move(state)});
}

void FakeCapsules::stop(Capsule& capsule) {
  census_.stops(capsule.order.job, host_, capsule.order.capsule);
}

void FakeCapsules::fail(Capsule& capsule, Failure why) {
  capsule.alive = false;
  capsule.commands.clear();
  events_.emplace_back(capsule::Failed{capsule.order.capsule, std::move(why)});
}

void FakeCapsules::crash(JobId job) {
  for (auto& [id, capsule] : capsules_) {
    if (capsule.order.job == job && capsule.runs()) crash(id);
  }
}

void FakeCapsules::crash(CapsuleId id) {
  auto* const capsule = alive(id);
  if (capsule == nullptr) return;
  stop(*capsule);
  if (capsule->runs()) census_.loses(capsule->order.job);
  capsule->alive = false;
  capsule->commands.clear();
  events_.emplace_back(
      capsule::Died{id, Outcome{Ending::crashed, "killed by signal 11 (SIGSEGV)", {}, capsule->steps}});
}

void FakeCapsules::perish() {
  for (auto& [id, capsule] : capsules_) {
    if (!capsule.alive) continue;
    if (capsule.begun) census_.loses(capsule.order.job);
    stop(capsule);
    capsule.alive = false;
  }
  events_.clear();
}

void FakeCapsules::kill(CapsuleId id) {
  auto* const capsule = alive(id);
  if (capsule == nullptr) return;
  stop(*capsule);
  capsule->alive = false;
  capsule->commands.clear();
  std::erase_if(events_, [&](auto const& event) {
    return std::visit([&](auto const& held) { return held.capsule == id; }, event);
  });
}

void FakeCapsules::forget(CapsuleId id) {
  auto const at = capsules_.find(id);
  ASSERT_NE(at, capsules_.end()) << "a capsule is forgotten once";
  EXPECT_FALSE(at->second.alive) << "a capsule that lives is forgotten";
  EXPECT_FALSE(network_.refers_to(at->second.arena)) << "an arena is forgotten while its pages are sent";
  capsules_.erase(at);
}

std::span<std::byte> FakeCapsules::arena(CapsuleId id, std::uint64_t bytes) {
  auto const at = capsules_.find(id);
  if (at == capsules_.end() || bytes > at->second.arena.size()) return {};
  return at->second.arena;
}

CapsuleReport FakeCapsules::report(CapsuleId id) const {
  auto const at = capsules_.find(id);
  if (at == capsules_.end()) return {};
  auto const& capsule = at->second;
  CapsuleReport report;
  report.steps = capsule.steps;
  report.progress = {capsule.steps, capsule.steps_all, "steps"};
  report.arena_bytes = arena_bytes(capsule);
  report.last_safe_point = capsule.last_safe_point;
  return report;
}

std::uint64_t* FakeCapsules::cells_of(Capsule& capsule) const {
  return reinterpret_cast<std::uint64_t*>(capsule.arena.data());
}

bool FakeCapsules::adds_up(Capsule& capsule) const {
  auto const* const cells = cells_of(capsule);
  for (std::uint64_t cell = 0; cell < capsule.cells; ++cell) {
    // Steps 1..n that fall on this cell; cell 0 is hit by the multiples of `cells`.
    auto const first = cell == 0 ? capsule.cells : cell;
    auto const expected = capsule.steps < first ? 0 : (capsule.steps - first) / capsule.cells + 1;
    if (cells[cell] != expected) return false;
  }
  return true;
}

Bytes FakeCapsules::manifest_of(Capsule const& capsule) const {
  Manifest manifest;
  manifest.job = capsule.order.job;
  manifest.type = capsule.order.spec.type;
  manifest.epoch = capsule.epoch;
  manifest.steps = capsule.steps;
  manifest.suspended = capsule.suspended;
  manifest.arena_bytes = arena_bytes(capsule);
  manifest.arrays.push_back({"cells", Scalar::u64, {capsule.cells}, 0, arena_bytes(capsule)});
  return encode(manifest);
}

}  // namespace godwit::test
