// From waiting to running to the end: grants, starts, crashes, ends.
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"
#include "base/mutation.hpp"

namespace godwit::allocator {

// The first host to join would otherwise get every job that a former world left behind.
bool Allocator::Core::gathering() const {
  return now < began + settings.gather && std::ranges::any_of(undescribed, [this](Rank rank) {
           return hosts.at(rank).presence == Presence::joining;
         });
}

// Who is next, and where, is the scheduler's word; its cost doesn't depend on how many wait.
void Allocator::Core::grant_all() {
  if (gathering()) return;
  while (auto const next = scheduler.next(now)) {
    grant(next->job, next->host, placing_of(next->why));
  }
  grant_ahead();
  preempt();
}

log::Placing Allocator::Core::placing_of(policy::Reason const& reason) const {
  auto const& tree = scheduler.tree();
  return {reason.key, reason.runner_up ? tree[*reason.runner_up].path : "", reason.runner_up_key, reason.free_cores,
          reason.hosts_that_fit};
}

// To a host; or to a manager, for its group.
void Allocator::Core::grant(JobId job, Rank host, std::optional<log::Placing> why, bool to_group) {
  bool const untouched = record_of(job) == nullptr;
  if (untouched) leave_line(job.array());
  auto const epoch = untouched ? Epoch{1} : record_of(job)->newest_epoch.next();
  if (to_group) {
    journal(log::GrantedToGroup{job, epoch, host, wall});
  } else {
    journal(log::Granted{job, epoch, host, wall, std::move(why)});
  }
  reseat(job);
  if (untouched) line_up(job.array());
  auto const& record = *record_of(job);
  if (!to_group) marks[job] = {now, static_cast<std::int32_t>(hosts.at(host).occupants.size())};
  if (job.element() == 0)
    note(Level::info, job, epoch, fmt::format("{} starts on {} {}", called(record), to_group ? "a host of manager" : "host", host));
  send(host, msg::StartJob{job, epoch, record.spec, images_of(record), record.clone_of, record.fresh_files, to_group, copy_of(job)});
}

void Allocator::Core::hear(Rank from, msg::JobStarted const& message) {
  learn_holder(message.job, message.epoch, from);
  auto const* record = record_of(message.job);
  if (record == nullptr || record->state != JobState::starting || record->host != from ||
      (record->epoch != message.epoch && !mutated(Mutation::believe_any_start))) {
    return note(Level::warning, message.job, message.epoch,
                fmt::format("JobStarted from host {} is of old: dropped", from));
  }
  for (auto const& failure : message.set_aside) {
    note(Level::warning, message.job, message.epoch,
         fmt::format("an image was set aside: {}", failure.context));
  }
  std::optional<log::ImageKey> adopted;
  bool const from_origin =
      message.from && record->origin && message.from->path == images_of(*record).back().path;
  if (message.from && !from_origin) {
    adopted = log::ImageKey{message.from->epoch, message.from->generation};
    if (std::ranges::find(record->lineage, *adopted) == record->lineage.end()) {
      return note(Level::severe, message.job, message.epoch,
                  fmt::format("host {} says that {} began from {}, which is not of its lineage: dropped",
                              from, called(*record), message.from->path));
    }
  }
  journal(log::Started{message.job, message.epoch, adopted, message.suspended, wall});
  outdate_copy(message.job, message.epoch);
  if (message.job.element() == 0 || message.steps > 0) {
    auto& report = keep_report(message.job);
    report.job = message.job;
    report.epoch = message.epoch;
    report.steps = message.steps;
  }
  if (message.copy_of != no_rank) {
    note(Level::info, message.job, message.epoch,
         fmt::format("{} goes on from its copy in the memory of host {} at step {} on host {}{}", called(*record),
                     message.copy_of, message.steps, from, message.suspended ? ", suspended" : ""));
  } else if (adopted) {
    note(Level::info, message.job, message.epoch,
         fmt::format("{} goes on from {}-{} at step {} on host {}{}", called(*record), adopted->epoch,
                     adopted->generation, message.steps, from, message.suspended ? ", suspended" : ""));
  } else if (message.job.element() == 0) {
    note(Level::info, message.job, message.epoch,
         fmt::format("{} runs on host {}{}", called(*record), from,
                     from_origin ? fmt::format(", from {}", message.from->path) : ""));
  }
  keep_word(*record_of(message.job), message.suspended);
  to_serve.insert(message.job);
}

void Allocator::Core::hear(Rank from, msg::JobEnded const& message) {
  learn_holder(message.job, message.epoch, from);
  over_there(from, message);
  assume_next(from);
}

void Allocator::Core::over_there(Rank from, msg::JobEnded const& message) {
  auto const* record = record_of(message.job);
  if (record == nullptr || is_ended(record->state)) return;
  if (record->intent && from == record->intent->source && message.epoch == record->intent->thaw_epoch) {
    // It thawed, and ended before it could say so.
    stayed(*record, reject("job_ended", fmt::format("{} ended before it could move", called(*record))));
  }
  bool const of_old = record->epoch != message.epoch && !mutated(Mutation::believe_any_end);
  if (record->host != from || of_old || record->state == JobState::waiting) {
    return note(Level::warning, message.job, message.epoch,
                fmt::format("JobEnded from host {} is of old: dropped", from));
  }
  if (message.job.element() == 0) keep_report(message.job).steps = message.outcome.steps;
  if (message.outcome.ending == Ending::finished) {
    keep_pace(message.job, from);
    learn_time(*record, message.outcome);
  }
  if (record->intent) {
    auto const intent = *record->intent;
    if (hosts.at(intent.target).presence != Presence::dead) {
      send(intent.target, msg::AbandonMove{message.job, intent.target_epoch, intent.thaw_epoch, false,
                                           reject("job_ended", "the job ended before it could move")});
    }
  }
  if (message.outcome.ending != Ending::crashed) return ended(message.job, message.outcome);
  auto const desk = desks.find(message.job);
  if (desk != desks.end() && desk->second.open && desk->second.open->verb == Verb::cancel) {
    auto outcome = message.outcome;
    outcome.ending = Ending::cancelled;
    return ended(message.job, outcome);
  }
  crashed(*record, message.outcome);
}

void Allocator::Core::crashed(JobRecord const& record, Outcome const& outcome) {
  auto const job = record.job;
  auto const epoch = record.epoch;
  marks.erase(job);
  journal(log::Crashed{job, epoch, outcome, wall});
  reseat(job);
  if (worth_a_note(job)) {
    note(Level::warning, job, epoch,
         fmt::format("{} crashed ({} of {}): {}", called(record), record.crashes, record.spec.crash_limit,
                     outcome.reason));
  }
  if (static_cast<std::int32_t>(record.crashes) >= record.spec.crash_limit && !mutated(Mutation::crash_for_ever)) {
    auto final = outcome;
    final.ending = Ending::failed;
    if (record.crashes > 1)
      final.reason = fmt::format("crashed {} times, the last time: {}", record.crashes, outcome.reason);
    return ended(job, final);
  }
  auto const why = reject("job_crashed", fmt::format("{} crashed first: {}", called(record), outcome.reason));
  cmd::Act act;
  act.failure = why;
  close(job, std::move(act));
  fail_calls(job, why);
  to_serve.insert(job);
  if (job.element() != 0) enforce_max_failed(job.array());
}

void Allocator::Core::ended(JobId job, Outcome const& outcome) {
  bool const element = job.element() != 0;
  bool const failed = outcome.ending == Ending::failed;
  auto const* how = failed                               ? "failed"
                    : outcome.ending == Ending::finished ? "finished"
                                                         : "cancelled";
  auto const desk = desks.find(job);
  auto const epoch = record_of(job)->epoch;
  if (!element || (failed && worth_a_note(job))) {
    note(failed ? Level::warning : Level::info, job, epoch,
         fmt::format("{} {}{} after {} steps{}{}", called(*record_of(job)),
                     outcome.ending == Ending::cancelled ? "was " : "", how, outcome.steps,
                     outcome.reason.empty() ? "" : ": ", outcome.reason));
  }
  std::optional<Failure> why;
  if (desk != desks.end()) {
    why = reject("already_ended", fmt::format("{} already {}{}{}", called(*record_of(job)), how,
                                              outcome.reason.empty() ? "" : ": ", outcome.reason));
  }
  journal(log::Ended{job, epoch, outcome, wall});  // an element's record may be gone with it
  reseat(job);
  outdate_copy(job, std::nullopt);
  leased.erase(job);
  give_up_outputs(job);
  marks.erase(job);
  if (element) reports.erase(job);
  balancing.moved.erase(job);
  if (desk != desks.end()) {
    if (desk->second.open && desk->second.open->verb == Verb::cancel && outcome.ending == Ending::cancelled) {
      cmd::Act act;
      act.what = "cancelled";
      close(job, std::move(act));
    }
    clear_desk(job, *why);
  }
  if (failed && element) enforce_max_failed(job.array());
  forget_if_over(job.array());
  settle(job);
}

}  // namespace godwit::allocator
