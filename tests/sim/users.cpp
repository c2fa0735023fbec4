#include <fmt/format.h>

#include "sim/universe.hpp"

namespace godwit::sim {

namespace {

// Another allocator leads, or will: he asks that one.
bool is_deposed(Answer const& answer) {
  auto const* const refusal = std::get_if<cmd::Refusal>(&answer);
  return refusal != nullptr && refusal->why.code == "deposed";
}

}  // namespace

CommandId Universe::give(Command command, std::optional<std::size_t> plan) {
  last_command_ = last_command_.next();
  open_[last_command_] = {command, plan};
  leader()->control().give(last_command_, std::move(command));
  return last_command_;
}

// Whoever hasn't been answered asks the new allocator. What the former one did and didn't say is done twice then.
void Universe::repeat_commands() {
  for (auto& [id, asked] : std::exchange(open_, {})) {
    auto const again = give(std::move(asked.command), asked.plan);
    if (asked.plan) submissions_[*asked.plan].pending = again;
    if (stop_ == id) stop_ = again;
  }
}

// Under a name of its own, so that asking again doubles nothing.
void Universe::submit(std::size_t index) {
  auto& submission = submissions_[index];
  submission.wanted = true;
  if (submission.job || submission.pending || leader() == nullptr) return;
  auto const& plan = scenario_.plans[index];
  JobSpec spec;
  auto work = plan.work;
  if (plan.elements > 0) work.key += "-%{index}";
  work.put_into(spec);
  spec.name = plan.work.key;
  spec.account = plan.account.empty() ? plan.work.key : plan.account;
  spec.cores = plan.cores;
  spec.priority = plan.priority;
  spec.directory = "/";
  spec.checkpoint_every = plan.checkpoint_every;
  spec.checkpoint_partner = plan.partner;
  spec.retention.keep = static_cast<std::int32_t>(index % 3);  // 0: all
  spec.crash_limit = plan.crash_limit;
  spec.max_failed = plan.max_failed;
  spec.time_limit = plan.time_limit;
  spec.step_limit = plan.step_limit;
  spec.host_loss_limit = plan.host_loss_limit;
  if (plan.after >= 0) {
    auto const& before = submissions_[static_cast<std::size_t>(plan.after)];
    if (!before.job) return submit(static_cast<std::size_t>(plan.after));  // and this one when it is asked for again
    spec.after = {{fmt::format("{}", before.job->number()), {},
                   plan.after_any_end ? Dependency::Until::ended : Dependency::Until::finished}};
  }
  JobArray array(std::move(spec));
  if (plan.elements > 0) array.axes = {{.name = "index_", .count = plan.elements}};
  submission.pending = give(cmd::Submit{{std::move(array)}, true}, index);
}

std::optional<JobId> Universe::job_of(Action const& action) const {
  if ((action.a >> 10) % 5 == 0) {  // a clone, if there is one
    std::vector<JobId> clones;
    for (auto const& [job, record] : audit_.ledger().jobs()) {
      if (record.clone_of != JobId{}) clones.push_back(job);
    }
    if (!clones.empty()) return clones[action.a % clones.size()];
  }
  if (scenario_.plans.empty()) return std::nullopt;
  auto const index = action.a % scenario_.plans.size();
  auto const& job = submissions_[index].job;
  auto const elements = scenario_.plans[index].elements;
  if (!job || elements == 0) return job;
  return JobId::of_element(job->number(), 1 + (action.a >> 4) % elements);
}

void Universe::order(Action const& action) {
  auto const job = job_of(action);
  if (!job || leader() == nullptr) return;
  auto const name = fmt::format("{}", *job);
  auto const hosts = static_cast<std::uint32_t>(present()->ranks.size() - 1);
  std::optional<Rank> const host =
      action.b % (hosts + 1) == 0 ? std::nullopt : std::optional(Rank{static_cast<std::int32_t>(action.b % (hosts + 1))});
  switch (action.what) {
    case Do::migrate: give(cmd::Migrate{name, host}); return;
    case Do::clone: give(cmd::Clone{name, host}); return;
    case Do::checkpoint: give(cmd::Checkpoint{name}); return;
    case Do::suspend: give(cmd::Suspend{name}); return;
    case Do::resume: give(cmd::Resume{name}); return;
    case Do::call: give(cmd::Call{name, "steps", {}}); return;
    case Do::cancel: {
      // A clone may be of it: whatever is of that plan may be cancelled.
      auto const index = action.a % scenario_.plans.size();
      submissions_[index].cancelled = true;
      if (auto const record = audit_.ledger().record(*job)) {
        auto const key = Work::of(record->spec).key;
        submissions_[static_cast<std::size_t>(std::stoul(key.substr(1)))].cancelled = true;
      }
      give(cmd::Cancel{name});
      return;
    }
    default: return;
  }
}

// A host takes no jobs for a while: those that are there leave it.
void Universe::drain(Action const& action) {
  if (leader() == nullptr) return;
  auto const hosts = static_cast<std::uint32_t>(present()->ranks.size() - 1);
  Rank const host{static_cast<std::int32_t>(1 + action.a % hosts)};
  give(cmd::Drain{host, false});
  scheduler_.after(action.span, [this, host] {
    if (leader() != nullptr && audit_.ledger().is_drained(host)) give(cmd::Drain{host, true});
  });
}

// Those whose end nobody said, because the allocator was gone just then.
void Universe::undrain_all() {
  for (auto* const host : living_hosts()) {
    if (audit_.ledger().is_drained(host->rank())) give(cmd::Drain{host->rank(), true});
  }
}

void Universe::stop() {
  if (leader() == nullptr || stop_) return;
  stop_ = give(cmd::Stop{});
}

// What is said holds, also where he who asked has hung up.
void Universe::answered(CommandId id, Answer const& answer) {
  auto const* const submitted = std::get_if<cmd::Submitted>(&answer);
  if (submitted != nullptr) {
    for (auto const job : submitted->jobs) audit_.answered(job);
  }
  if (auto const* stopped = std::get_if<cmd::Stopped>(&answer)) {
    for (auto const& [job, why] : stopped->unsaved) {
      if (auto const* record = audit_.ledger().find(job)) census_.takes_back(job, record->newest_epoch);
    }
  }
  if (auto const at = open_.find(id); at != open_.end() && !is_deposed(answer)) {
    auto const plan = at->second.plan;
    open_.erase(at);
    if (stop_ == id && std::holds_alternative<cmd::Refusal>(answer)) stop_.reset();  // he tries again, if there is need
    if (plan) submissions_[*plan].pending.reset();
    if (plan && submitted != nullptr) {
      auto& job = submissions_[*plan].job;
      if (job && *job != submitted->jobs.at(0)) wrong("submission {} is job {} and job {}", *plan, *job, submitted->jobs.at(0));
      job = submitted->jobs.at(0);
    }
  }
  if (trace_.is_heard()) {
    auto const* refusal = std::get_if<cmd::Refusal>(&answer);
    std::string text = refusal != nullptr ? "refused: " + refusal->why.context : std::string("answered");
    if (auto const* acted = std::get_if<cmd::Acted>(&answer)) {
      for (auto const& act : acted->acts) text += fmt::format("; {}", act.failure ? act.failure->context : act.what);
    }
    trace_.hint(fmt::format("command {} {}", id, text));
  }
}

}  // namespace godwit::sim
