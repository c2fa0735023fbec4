#include "edge/capsules/inside/capsule_loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "edge/capsules/inside/arguments.hpp"

namespace godwit::inside {

namespace {

constexpr int jobs_max = 1000;  // what a job's code leaks doesn't add up for ever
constexpr std::uint64_t watched_bytes_min = std::uint64_t{1} << 20;  // less is copied in no time
constexpr Duration lease_poll =
    10ms;  // a renewal is seen in memory: nothing wakes a capsule that waits for it

}  // namespace

void CapsuleLoop::run() {
  while (attend()) run_steps();
}

void CapsuleLoop::report(capsule_wire::Report const& report) {
  if (!link_.push(report)) leaving_ = true;
  if (!hold_back_) release_reports();
}

void CapsuleLoop::release_reports() {
  hold_back_ = false;
  if (link_.pending() && !link_.flush()) leaving_ = true;
}

// ---- between steps

// What is told after a thaw that waits for a lease waits with it.
bool CapsuleLoop::obey_all() {
  for (;;) {
    begin_if_leased();
    if (leaving_) return false;
    auto command = thaws_later() ? std::nullopt : link_.next();
    if (!command) return true;
    std::visit([this](auto& held) { on(held); }, *command);
  }
}

bool CapsuleLoop::attend() {
  auto& block = surroundings_.block;
  while (!leaving_) {
    block.wanted.exchange(0, std::memory_order_acquire);
    if (!link_.receive()) return false;
    if (!obey_all()) return false;
    if (begun_ && !thaws_later() && freeze_due()) freeze();
    // Without a lease the file that it would make may be another holder's already.
    if (begun_ && !frozen_ && safe_point_.lease_holds() && block.chores.exchange(0, std::memory_order_relaxed) != 0) {
      if (auto status = job_->save_printed(); !status) fail(status.failure().context);
    }
    if (leaving_) return false;
    if (may_step()) return true;
    release_reports();
    surroundings_.block.waits.store(1, std::memory_order_relaxed);
    wait();
  }
  return false;
}

bool CapsuleLoop::may_step() {
  if (!begun_ || frozen_ || suspended_) return false;
  auto const leased = safe_point_.lease_holds();
  job_->context().run_clock(leased);
  return leased && wait_is_over();
}

// The rest of a wait runs from when the job goes on, and no earlier than its own clock.
bool CapsuleLoop::wait_is_over() {
  if (rest_of_wait_ > Duration{0}) idle_until_ = boot_now() + std::exchange(rest_of_wait_, Duration{0});
  if (idle_until_ && boot_now() < *idle_until_) return false;
  idle_until_.reset();
  return true;
}

Duration CapsuleLoop::wait_left() const {
  if (!idle_until_) return rest_of_wait_;
  return std::max(*idle_until_ - boot_now(), Duration{0});
}

void CapsuleLoop::wait() {
  auto const beginning = !std::holds_alternative<std::monostate>(beginning_);
  auto const stepping = begun_ && !frozen_ && !suspended_;
  if (!stepping && !beginning) return link_.wait(std::nullopt);
  if (!safe_point_.lease_holds()) return link_.wait(lease_poll);
  if (idle_until_) link_.wait(*idle_until_ - boot_now());
}

void CapsuleLoop::run_steps() {
  [[maybe_unused]] auto const quiet = safe_point_.quiet(job_->steps());  // a step's age counts from here
  surroundings_.block.waits.store(0, std::memory_order_release);
  auto const last = guarded([this] { return step_while_quiet(); });
  if (!last) return fail(last.failure().context);
  take(*last);
  release_reports();
  if (!job_) return;
  auto const target = job_->context().take_move();
  if (target && !leaving_) report(capsule_wire::WantsMove{Rank{*target}});
}

// The last step that it took: one that said something other than more(), or that somebody waited for.
Step CapsuleLoop::step_while_quiet() {
  for (;;) {
    auto const timed = witness_ || safe_point_.time_next(job_->steps());
    auto const begin = timed ? boot_now() : Instant{};
    auto step = job_->step();
    if (step.kind() == Step::Kind::failed) return step;
    job_->count_step();
    if (timed) safe_point_.timed(boot_now() - begin);
    if (witness_) witness_->step_done(begin, job_->steps());
    auto const quiet = safe_point_.quiet(job_->steps());
    if (step.kind() != Step::Kind::more || !quiet || hold_back_ || job_->context().wants_move()) return step;
    if (job_->steps() >= freeze_at_) return step;
  }
}

void CapsuleLoop::take(Step const& step) {
  switch (step.kind()) {
    case Step::Kind::more:
      return;
    case Step::Kind::again:
      idle_until_ = boot_now() + step.delay();
      if (auto status = job_->save_printed(); !status) fail(status.failure().context);
      return;
    case Step::Kind::done:
      return finish({Ending::finished, {}, {}, job_->steps()});
    case Step::Kind::failed:
      return fail(step.message());
  }
}

// ---- commands

void CapsuleLoop::on(capsule_wire::Prepare& order) {
  if (job_) return;
  surroundings_.block.taken.store(1, std::memory_order_release);
  ++jobs_;
  auto const start_at = order.start_at;
  hold_back_ = start_at.has_value();
  witness_ = Witness::from_environment();
  auto job = HeldJob::prepare(surroundings_, std::move(order));
  if (!job) return give_up(job.failure());
  job_ = std::move(*job);
  auto outputs = job_->outputs();
  if (!outputs) return give_up(outputs.failure());
  bool const at_once = start_at && outputs->empty();  // else somebody has to say that they aren't another's
  report(capsule_wire::Prepared{std::move(*outputs)});
  if (at_once) return on(capsule_wire::Start{*start_at});  // and what it says leaves with it
  release_reports();
}

void CapsuleLoop::begin_if_leased() {
  if (std::holds_alternative<std::monostate>(beginning_) || !safe_point_.lease_holds()) return;
  auto const order = std::exchange(beginning_, std::monostate{});
  if (!job_) return;
  if (auto const* thaw = std::get_if<capsule_wire::Thaw>(&order)) return begin(*thaw);
  if (begun_) return;
  if (auto const* start = std::get_if<capsule_wire::Start>(&order)) begin(*start);
  if (auto const* restore = std::get_if<capsule_wire::Restore>(&order)) begin(*restore);
}

void CapsuleLoop::begin(capsule_wire::Start const& start) {
  surroundings_.block.epoch.store(start.epoch.value, std::memory_order_relaxed);
  if (auto status = job_->open(start.epoch); !status) return give_up(status.failure());
  if (auto status = job_->start(); !status) return fail(status.failure().context);
  begin(start.epoch);
}

void CapsuleLoop::begin(capsule_wire::Restore const& restore) {
  surroundings_.block.epoch.store(restore.epoch.value, std::memory_order_relaxed);
  auto const manifest = decode<Manifest>(restore.manifest);
  if (!manifest) return give_up(manifest.failure());
  if (auto status = job_->restore(restore.epoch, *manifest); !status) return give_up(status.failure());
  suspended_ = manifest->suspended;
  rest_of_wait_ = manifest->wait_left;
  begin(restore.epoch);
}

void CapsuleLoop::begin(Epoch epoch) {
  begun_ = true;
  frozen_ = false;
  epoch_ = epoch;
  if (witness_) witness_->took_custody(job_->id(), epoch, job_->steps(), safe_point_.lease_holds());
  [[maybe_unused]] auto const quiet = safe_point_.quiet(job_->steps());  // publishes the count
  surroundings_.block.running.store(1, std::memory_order_release);
  report(capsule_wire::Running{job_->steps(), suspended_});
}

void CapsuleLoop::on(capsule_wire::Freeze const& freeze) {
  if (job_) freeze_at_ = freeze.steps;
}

// Without a lease it has run nothing since its last step, and another may have the job already.
void CapsuleLoop::give_custody() {
  if (witness_ && !frozen_ && safe_point_.lease_holds()) witness_->gave_custody();
}

// From the first freeze on its host can tell which pages were written since the one before. Once in a
// process: the mapping stays the same.
void CapsuleLoop::watch_arena() {
  if (watch_tried_ || job_->arena_bytes() < watched_bytes_min) return;
  watch_tried_ = true;
  if (!why_writes_cannot_be_watched().empty()) return;
  auto const& memory = job_->arena_memory();
  auto watch = watch_writes(memory.data(), memory.size());
  if (!watch) return;
  watch_ = std::move(*watch);
  capsule_wire::Watched const watched{watch_->start, watch_->bytes};
  if (!link_.send(watched, {watch_->faults.get(), watch_->pagemap.get()})) leaving_ = true;
}

void CapsuleLoop::freeze() {
  freeze_at_ = no_freeze;
  watch_arena();
  auto const left = wait_left();  // no shorter than what the job's own clock still has to go
  job_->context().run_clock(false);
  give_custody();
  frozen_ = true;
  auto manifest = job_->manifest(epoch_, suspended_, safe_point_.lease_holds());
  if (!manifest) return fail(manifest.failure().context);
  manifest->wait_left = left;
  capsule_wire::Frozen frozen{boot_now(), encode(*manifest), job_->arena_bytes()};
  if (frozen.manifest.size() > frame_bytes_max / 2) {
    return fail(fmt::format(
        "the described fields and unsynced outputs take {} bytes, at most {} are allowed: put bulk "
        "data into an Array",
        frozen.manifest.size(), frame_bytes_max / 2));
  }
  report(frozen);
}

void CapsuleLoop::on(capsule_wire::Thaw const& thaw) {
  freeze_at_ = thaw.freeze_at.value_or(no_freeze);
  if (!begun_) return;
  if (thaw.others != Others::none && frozen_) {
    beginning_ = thaw;
  } else {
    begin(thaw);
  }
}

void CapsuleLoop::begin(capsule_wire::Thaw const& thaw) {
  if (frozen_) {
    if (auto status = job_->take_back_files(thaw.others); !status) return give_up(status.failure());
  }
  surroundings_.block.epoch.store(thaw.epoch.value, std::memory_order_relaxed);
  job_->goes_on_at(thaw.epoch);
  begin(thaw.epoch);
}

void CapsuleLoop::on(capsule_wire::Suspend const&) {
  if (!begun_) return;
  if (!suspended_) {
    suspended_ = true;
    if (auto status = job_->suspend(); !status) return fail(status.failure().context);
  }
  report(capsule_wire::Suspended{});
}

void CapsuleLoop::on(capsule_wire::Resume const&) {
  if (!begun_) return;
  if (suspended_) {
    suspended_ = false;
    if (auto status = job_->resume(); !status) return fail(status.failure().context);
  }
  report(capsule_wire::Resumed{});
}

void CapsuleLoop::on(capsule_wire::Call const& call) {
  if (!job_) return;  // it has finished: the host knows, or is about to
  auto const refuse = [&](Failure why) { report(capsule_wire::Called{call.request, std::move(why), {}}); };
  if (!begun_ || frozen_) return refuse(retry_later("frozen", "the job is being moved or saved: try again"));
  if (!safe_point_.lease_holds()) {
    return refuse(retry_later("lease_expired", "the job waits because its host has lost touch: try again"));
  }
  auto answer = job_->call(call.method, call.arguments);
  if (!answer) return refuse(answer.failure());
  report(capsule_wire::Called{call.request, std::nullopt, std::move(*answer)});
}

void CapsuleLoop::on(capsule_wire::Describe const& describe) {
  auto const plugin = Plugin::load(describe.plugin);
  if (!plugin) return give_up(plugin.failure());
  JobType type;
  type.name = plugin->type();
  type.state_version = plugin->state_version();
  auto const listed = guarded([&] {
    auto const job = plugin->make();
    ParameterLister parameters;
    MethodTable methods;
    job->parameters(parameters);
    job->methods(methods);
    type.parameters = parameters.take();
    type.methods = methods.list();
  });
  if (!listed) return give_up(listed.failure());
  report(capsule_wire::Described{std::move(type)});
  release_reports();
  leaving_ = true;
}

// ---- the end

void CapsuleLoop::fail(std::string reason) {
  finish({Ending::failed, std::move(reason), {}, job_->steps()});
}

void CapsuleLoop::finish(Outcome outcome) {
  if (begun_) give_custody();
  if (auto status = job_->sync(); !status && outcome.ending == Ending::finished) {
    outcome.ending = Ending::failed;
    outcome.reason = status.failure().context;
  }
  if (outcome.ending == Ending::failed) outcome.log_tail = job_->log_tail();
  outcome.running_time = job_->context().now();
  auto state = outcome.ending == Ending::finished ? last_state() : Bytes{};
  bool const reusable =
      outcome.ending == Ending::finished && jobs_ < jobs_max && !frozen_ && job_->leaves_nothing();
  report(capsule_wire::Ended{std::move(outcome), std::move(state), reusable});
  release_reports();
  if (reusable && !leaving_) return await_next();
  leaving_ = true;
}

void CapsuleLoop::await_next() {
  job_->clear_away();
  job_.reset();
  witness_.reset();
  idle_until_.reset();
  rest_of_wait_ = Duration{0};
  freeze_at_ = no_freeze;
  beginning_ = std::monostate{};
  begun_ = suspended_ = false;
}

Bytes CapsuleLoop::last_state() {
  if (!job_->tells_end()) return {};
  auto const manifest = job_->manifest(epoch_, false, true);
  auto state = manifest ? encode(*manifest) : Bytes{};
  return state.size() > frame_bytes_max / 2 ? Bytes{} : state;
}

void CapsuleLoop::give_up(Failure why) {
  report(capsule_wire::Failed{std::move(why)});
  release_reports();
  leaving_ = true;
}

}  // namespace godwit::inside
