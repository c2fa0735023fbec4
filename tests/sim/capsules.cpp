#include "sim/capsules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/scenario.hpp"

namespace godwit::sim {

namespace {
constexpr std::size_t arena_bytes_first = 4096, arena_bytes_max = 1 << 16;
constexpr std::byte work_noise[] = {std::byte{'?'}};  // what a file that isn't cut back has too much
}

SimCapsules::Capsule* SimCapsules::living(CapsuleId id) {
  auto const at = capsules_.find(id);
  return at != capsules_.end() && at->second.alive ? &at->second : nullptr;
}

std::size_t SimCapsules::alive() const {
  return static_cast<std::size_t>(std::ranges::count_if(capsules_, [](auto const& one) { return one.second.alive; }));
}

std::string SimCapsules::describe() const {
  std::string all;
  for (auto const& [id, capsule] : capsules_) {
    all += fmt::format(" job {}@{}{}", capsule.order.job, capsule.epoch,
                       !capsule.alive    ? " dead"
                       : capsule.frozen  ? " frozen"
                       : !capsule.begun  ? " preparing"
                                         : " running");
  }
  return all;
}

bool SimCapsules::has_lease() const {
  return !lease_ || around_.clock.now() < *lease_ || around_.planted == Planted::ignores_leases;
}

// A start or a restore opens outputs: not without a lease.
bool SimCapsules::must_wait(Capsule const& capsule) const {
  auto const& next = capsule.commands.front();
  bool const at_once = std::holds_alternative<Prepare>(next) && capsule.order.start_at.has_value();
  auto const* const thaw = std::get_if<Thaw>(&next);
  bool const opens = at_once || std::holds_alternative<Start>(next) || std::holds_alternative<Restore>(next) ||
                     (thaw != nullptr && thaw->others != Others::none);
  return opens && !has_lease();
}

bool SimCapsules::is_leased(CapsuleId id) const {
  auto const at = capsules_.find(id);
  if (at == capsules_.end()) return false;
  auto const& capsule = at->second;
  return capsule.alive && capsule.begun && !capsule.frozen && has_lease();
}

void SimCapsules::say(CapsuleEvent event) {
  events_.push_back(std::move(event));
  on_event();
}

void SimCapsules::tell(CapsuleId id, Command command) {
  auto* const told = living(id);
  if (told == nullptr) return;
  told->commands.push_back(std::move(command));
  if (!told->busy) go_on(id, *told);
}

// ---- one thing after the other

void SimCapsules::plan(CapsuleId id, Capsule& capsule, Duration time, void (SimCapsules::*then)(CapsuleId, Capsule&)) {
  auto const serial = ++capsule.serial;
  auto const when = std::max(around_.scheduler.now() + time, still_until_);
  around_.scheduler.at(when, [this, id, serial, then] { fire(id, serial, then); });
}

void SimCapsules::fire(CapsuleId id, std::uint64_t serial, void (SimCapsules::*then)(CapsuleId, Capsule&)) {
  auto* const capsule = living(id);
  if (capsule == nullptr || capsule->serial != serial) return;
  if (around_.scheduler.now() < still_until_) {  // stopped in the middle of it
    around_.scheduler.at(still_until_, [this, id, serial, then] { fire(id, serial, then); });
    return;
  }
  capsule->busy = false;
  (this->*then)(id, *capsule);
}

void SimCapsules::go_on(CapsuleId id, Capsule& capsule) {
  if (!capsule.commands.empty()) {
    if (must_wait(capsule)) return;  // until set_lease
    bool const slow = capsule.commands.front().index() < 3;  // to prepare, to start, to restore
    capsule.busy = true;
    return plan(id, capsule, some(slow ? 8ms : 500us), &SimCapsules::obey_one);
  }
  if (!capsule.begun || capsule.frozen || capsule.suspended) return;
  auto const now = around_.clock.now();
  if (!has_lease()) return;  // until set_lease
  if (now < capsule.rests_until) {
    auto const when = around_.clock.moment_of(capsule.rests_until);
    return plan(id, capsule, when - around_.scheduler.now(), &SimCapsules::wake);
  }
  around_.census.step_begins(capsule.order.job, capsule.epoch, runner(id));
  capsule.busy = true;
  auto const& work = capsule.work;
  bool const hangs = work.end == Work::End::hangs && capsule.steps + 1 == work.end_at;
  plan(id, capsule, hangs ? Duration{std::chrono::hours(24)} : work.time_of(capsule.steps + 1), &SimCapsules::end_step);
}

void SimCapsules::obey_one(CapsuleId id, Capsule& capsule) {
  if (must_wait(capsule)) return;  // stopped on the way: until set_lease
  auto const command = std::move(capsule.commands.front());
  capsule.commands.pop_front();
  std::visit([&](auto const& held) { obey(id, capsule, held); }, command);
  if (auto* const still = living(id); still != nullptr && !still->busy) go_on(id, *still);
}

// ---- commands

bool SimCapsules::keep(CapsuleId id, std::uint64_t, std::uint64_t) {
  auto& capsule = capsules_[id];
  capsule.kept = true;
  capsule.alive = false;
  capsule.arena.reserve(arena_bytes_max);
  capsule.arena.resize(arena_bytes_first);
  return true;
}

void SimCapsules::prepare(CapsuleOrder order) {
  auto const id = order.capsule;
  auto& capsule = capsules_[id];
  bool const was_kept = std::exchange(capsule.kept, false);
  capsule.alive = true;
  capsule.work = Work::of(order.spec);
  capsule.order = std::move(order);
  capsule.arena.reserve(arena_bytes_max);  // it grows where it is
  if (!was_kept) capsule.arena.resize(arena_bytes_first);
  tell(id, Prepare{});
}

void SimCapsules::obey(CapsuleId id, Capsule& capsule, Prepare const&) {
  if (refusing_ && capsule.order.arena_bytes > 0) {
    refusing_ = false;
    return fail(id, capsule, retry_later("no_memory", "no room for another capsule"));
  }
  auto const outputs = capsule.work.paths(capsule.order.clone_of == JobId{} ? JobId{} : capsule.order.job);
  say(capsule::Prepared{id, outputs});
  if (capsule.order.start_at && outputs.empty()) begin(id, capsule, *capsule.order.start_at);
}

void SimCapsules::obey(CapsuleId id, Capsule& capsule, Start const& command) {
  if (capsule.begun) wrong("job {} is started twice", capsule.order.job);
  for (auto const& path : capsule.work.paths(capsule.order.clone_of == JobId{} ? JobId{} : capsule.order.job)) {
    capsule.outputs.push_back(SimOutput::open(around_.disk, around_.process, path, capsule.order.fresh_files));
  }
  begin_named(id, capsule, command.epoch, capsule.order.fresh_files);
}

void SimCapsules::obey(CapsuleId id, Capsule& capsule, Restore const& command) {
  if (capsule.begun) wrong("job {} is restored after it has begun", capsule.order.job);
  auto const manifest = decode<Manifest>(command.manifest);
  if (!manifest) return fail(id, capsule, manifest.failure());
  capsule.steps = manifest->steps;
  capsule.suspended = manifest->suspended;
  capsule.running_time = manifest->running_time;
  capsule.rests_until = around_.clock.now() + manifest->wait_left;
  check_arena(capsule);
  if (around_.planted == Planted::loses_steps && capsule.steps > 0) --capsule.steps;
  bool const of_another = capsule.order.clone_of != JobId{} && manifest->job != capsule.order.job;
  auto const names = capsule.work.paths(capsule.order.job);
  bool const doomed = capsule.order.arena_bytes > 0 && capsule.order.spec.crash_limit >= crashes_enough &&
                      std::exchange(dooming_, false);
  auto const open = doomed ? &SimOutput::cut : &SimOutput::reopen;
  for (std::size_t at = 0; at < manifest->streams.size(); ++at) {
    auto const& mark = manifest->streams[at];
    auto const path = of_another ? names.at(at) : mark.path;
    auto output = open(around_.disk, around_.process, mark, path, capsule.order.fresh_files);
    if (output && around_.planted == Planted::keeps_outputs) output->write(work_noise);
    if (!output) return fail(id, capsule, output.failure());
    capsule.outputs.push_back(std::move(*output));
  }
  if (doomed) return die(id, capsule, "killed by signal 9 (SIGKILL)");
  begin_named(id, capsule, command.epoch, capsule.order.fresh_files || of_another);
}

// Files that were renamed over others: it doesn't begin before their directories are synced.
void SimCapsules::begin_named(CapsuleId id, Capsule& capsule, Epoch epoch, bool renamed) {
  if (!renamed || capsule.outputs.empty() || around_.disk.names_are_durable) return begin(id, capsule, epoch);
  capsule.beginning = epoch;
  capsule.busy = true;
  plan(id, capsule, some(3ms), &SimCapsules::sync_names);
}

void SimCapsules::sync_names(CapsuleId id, Capsule& capsule) {
  for (auto& output : capsule.outputs) output.sync_name();
  begin(id, capsule, capsule.beginning);
  go_on(id, capsule);
}

void SimCapsules::begin(CapsuleId id, Capsule& capsule, Epoch epoch) {
  on_begin(capsule.order.job, epoch);
  if (epoch < capsule.epoch) wrong("job {} is to run at epoch {} after {}", capsule.order.job, epoch, capsule.epoch);
  capsule.begun = true;
  capsule.frozen = false;
  capsule.epoch = epoch;
  capsule.last_safe_point = around_.clock.now();
  auto const job = capsule.order.job;
  if (capsule.order.clone_of != JobId{}) around_.census.is_clone(job, capsule.steps);
  around_.census.begins(job, epoch, runner(id), capsule.steps);
  around_.trace.say(fmt::format("{}: job {} runs at epoch {} from step {}", around_.host, job, epoch, capsule.steps));
  say(capsule::Running{id, capsule.steps, capsule.suspended});
}

void SimCapsules::obey(CapsuleId id, Capsule& capsule, Freeze const&) {
  if (!capsule.begun || capsule.frozen) wrong("a freeze of job {}, which doesn't run", capsule.order.job);
  capsule.frozen = true;
  for (auto& output : capsule.outputs) {
    if (bool const sync = random_.below(2) == 0; has_lease()) sync ? output.sync() : output.flush();
  }
  around_.census.stops(capsule.order.job, runner(id));
  say(capsule::Frozen{id, around_.clock.now(), manifest_of(capsule), capsule.work.cells * 8});
}

void SimCapsules::obey(CapsuleId id, Capsule& capsule, Thaw const& command) {
  if (!capsule.begun) wrong("a thaw of job {}, which never ran", capsule.order.job);
  for (auto& output : capsule.outputs) {
    if (command.others == Others::none) break;
    auto const mark = output.mark();
    auto again = SimOutput::reopen(around_.disk, around_.process, mark, mark.path, command.others == Others::perhaps_there);
    if (!again) return fail(id, capsule, again.failure());
    output = std::move(*again);
  }
  begin_named(id, capsule, command.epoch, command.others == Others::perhaps_there);
}

void SimCapsules::obey(CapsuleId id, Capsule& capsule, Suspend const& command) {
  if (capsule.frozen) wrong("an order to job {}, which is frozen", capsule.order.job);
  capsule.suspended = command.on;
  command.on ? say(capsule::Suspended{id}) : say(capsule::Resumed{id});
}

void SimCapsules::obey(CapsuleId id, Capsule& capsule, Call const& command) {
  if (capsule.frozen) wrong("a call to job {}, which is frozen", capsule.order.job);
  say(capsule::Called{id, command.request, std::nullopt, std::to_string(capsule.steps)});
}

// ---- steps

void SimCapsules::end_step(CapsuleId id, Capsule& capsule) {
  auto const& work = capsule.work;
  auto const number = capsule.steps + 1;
  capsule.running_time += work.time_of(number);
  if (number == work.end_at) {
    if (work.end == Work::End::crashes) return die(id, capsule, "killed by signal 11 (SIGSEGV)");
    if (work.end == Work::End::fails) return finish(id, capsule, {Ending::failed, "as planned", {}, capsule.steps});
  }
  capsule.steps = number;
  ++cells_of(capsule)[number % work.cells];
  for (std::uint32_t output = 0; output < capsule.outputs.size(); ++output) {
    capsule.outputs[output].write(work.written_by(number, output));
    if (random_.below(4) == 0) capsule.outputs[output].flush();
    if (random_.below(16) == 0) capsule.outputs[output].sync();
  }
  around_.census.step_ends(capsule.order.job, capsule.epoch, runner(id), number, work.time_of(number));
  capsule.last_safe_point = around_.clock.now();
  if (number == work.steps) {
    check_arena(capsule);
    around_.census.finished(capsule.order.job, capsule.epoch, number);
    return finish(id, capsule, {Ending::finished, {}, {}, number, capsule.running_time});
  }
  if (number == work.roams_at) say(capsule::WantsMove{id, no_rank});
  if (work.rest_every > 0 && number % work.rest_every == 0) capsule.rests_until = around_.clock.now() + work.rest;
  go_on(id, capsule);
}

void SimCapsules::finish(CapsuleId id, Capsule& capsule, Outcome outcome) {
  for (auto& output : capsule.outputs) output.sync();
  around_.trace.say(fmt::format("{}: job {} ends after step {}", around_.host, capsule.order.job, capsule.steps));
  bool const told = capsule.order.tell_end && outcome.ending == Ending::finished;
  auto state = told ? manifest_of(capsule) : Bytes{};
  end_process(id, capsule);
  say(capsule::Ended{id, std::move(outcome), std::move(state)});
}

void SimCapsules::die(CapsuleId id, Capsule& capsule, std::string reason) {
  around_.trace.say(fmt::format("{}: job {} crashes after step {}", around_.host, capsule.order.job, capsule.steps));
  if (capsule.begun) around_.census.loses(capsule.order.job, capsule.epoch);
  end_process(id, capsule);
  say(capsule::Died{id, Outcome{Ending::crashed, std::move(reason), {}, capsule.steps}});
}

void SimCapsules::fail(CapsuleId id, Capsule& capsule, Failure why) {
  end_process(id, capsule);
  say(capsule::Failed{id, std::move(why)});
}

void SimCapsules::end_process(CapsuleId id, Capsule& capsule) {
  around_.census.stops(capsule.order.job, runner(id));
  capsule.alive = false;
  capsule.commands.clear();
  capsule.outputs.clear();
}

bool SimCapsules::crash(JobId job) {
  for (auto& [id, capsule] : capsules_) {
    if (capsule.order.job != job || !capsule.alive || !capsule.begun) continue;
    die(id, capsule, "killed by signal 9 (SIGKILL)");
    return true;
  }
  return false;
}

void SimCapsules::perish() {
  for (auto& [id, capsule] : capsules_) {
    if (!capsule.alive) continue;
    if (capsule.begun) around_.census.loses(capsule.order.job, capsule.epoch);
    end_process(id, capsule);
  }
  events_.clear();
}

void SimCapsules::hold_still(Moment until) { still_until_ = std::max(still_until_, until); }

void SimCapsules::kill(CapsuleId id) {
  auto* const capsule = living(id);
  if (capsule == nullptr) return;
  // What it did since its newest image counts as never done, unless another goes on from its frozen state.
  if (capsule->begun && !capsule->frozen) around_.census.loses(capsule->order.job, capsule->epoch);
  end_process(id, *capsule);
  std::erase_if(events_, [&](auto const& event) {
    return std::visit([&](auto const& held) { return held.capsule == id; }, event);
  });
}

void SimCapsules::forget(CapsuleId id) {
  auto const at = capsules_.find(id);
  if (at == capsules_.end()) wrong("a capsule of process {} is forgotten twice", around_.process);
  if (at->second.alive) wrong("a living capsule of job {} is forgotten", at->second.order.job);
  if (is_referred_to(at->second.arena)) wrong("the arena of job {} is forgotten while it is in use", at->second.order.job);
  capsules_.erase(at);
}

std::span<std::byte> SimCapsules::arena(CapsuleId id, std::uint64_t bytes) {
  auto const at = capsules_.find(id);
  if (at == capsules_.end() || bytes > arena_bytes_max) return {};
  if (bytes > at->second.arena.size()) at->second.arena.resize(bytes);
  return at->second.arena;
}

CapsuleReport SimCapsules::report(CapsuleId id) const {
  auto const at = capsules_.find(id);
  if (at == capsules_.end()) return {};
  auto const& capsule = at->second;
  CapsuleReport report;
  report.steps = capsule.steps;
  report.progress = {capsule.steps, capsule.work.steps, "steps"};
  report.arena_bytes = capsule.work.cells * 8;
  report.last_safe_point = capsule.last_safe_point;
  report.running_time = capsule.running_time;
  report.waits = !capsule.busy;
  return report;
}

void SimCapsules::set_lease(Instant until) {
  on_lease(until);
  lease_ = until;
  for (auto& [id, capsule] : capsules_) {
    if (capsule.alive && !capsule.busy) go_on(id, capsule);
  }
}

void SimCapsules::check_arena(Capsule const& capsule) const {
  auto const& work = capsule.work;
  auto const* const cells = reinterpret_cast<std::uint64_t const*>(capsule.arena.data());
  for (std::uint64_t cell = 0; cell < work.cells; ++cell) {
    if (cells[cell] == work.cell_after(capsule.steps, cell)) continue;
    wrong("job {} at step {}: cell {} is {} instead of {}", capsule.order.job, capsule.steps, cell, cells[cell],
          work.cell_after(capsule.steps, cell));
  }
}

Bytes SimCapsules::manifest_of(Capsule const& capsule) const {
  Manifest manifest;
  manifest.job = capsule.order.job;
  manifest.type = capsule.order.spec.type;
  manifest.epoch = capsule.epoch;
  manifest.steps = capsule.steps;
  manifest.suspended = capsule.suspended;
  manifest.running_time = capsule.running_time;
  manifest.arena_bytes = capsule.work.cells * 8;
  manifest.arrays.push_back({"cells", Scalar::u64, {capsule.work.cells}, 0, capsule.work.cells * 8});
  manifest.wait_left = std::max(Duration{0}, capsule.rests_until - around_.clock.now());
  for (auto const& output : capsule.outputs) manifest.streams.push_back(output.mark());
  return encode(manifest);
}

}  // namespace godwit::sim
