// From waiting to running to the end: grants, starts, crashes, ends.
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"

namespace godwit::allocator {

// The first host to join would otherwise get every job that a former world left behind.
bool Allocator::Core::gathering() const {
  return now < began + settings.gather && std::ranges::any_of(hosts, [](auto const& entry) {
           return entry.second.presence == Presence::joining;
         });
}

// First come, first served among those that can be placed: a job pinned to a full host holds nobody up.
// Looks at the head of each line only, so its cost doesn't depend on how many wait.
void Allocator::Core::grant_all() {
  if (gathering()) return;
  if (std::ranges::all_of(waiting, [](auto const& line) { return line.second.empty(); })) return;
  std::vector<policy::HostLoad> free;
  for (auto const& [rank, host] : hosts) {
    auto const jobs = static_cast<std::int32_t>(host.occupants.size());
    if (host.presence == Presence::alive && jobs < host.hello.slots)
      free.push_back({rank, host.hello.slots, jobs});
  }
  while (!free.empty()) {
    std::optional<JobId> first;
    Rank pin = no_rank;
    auto const look_at = [&](Rank line) {
      auto const at = waiting.find(line);
      if (at == waiting.end() || at->second.empty()) return;
      if (first && *first < *at->second.begin()) return;
      first = *at->second.begin();
      pin = line;
    };
    look_at(no_rank);
    for (auto const& load : free) look_at(load.host);
    if (!first) return;

    auto const host = pin != no_rank ? pin : *policy::place_job(free);
    grant(*first, host);
    auto const load = std::ranges::find(free, host, &policy::HostLoad::host);
    if (++load->jobs >= load->slots) free.erase(load);
  }
}

void Allocator::Core::grant(JobId job, Rank host) {
  auto const& record = *record_of(job);
  journal(log::Granted{job, record.newest_epoch.next(), host, wall});
  reseat(job);
  note(Level::info, job, record.epoch, fmt::format("{} starts on host {}", called(record), host));
  send(host, msg::StartJob{job, record.epoch, record.spec, images_of(record)});
}

void Allocator::Core::hear(Rank from, msg::JobStarted const& message) {
  auto const* record = record_of(message.job);
  if (record == nullptr || record->state != JobState::starting || record->host != from ||
      record->epoch != message.epoch) {
    return note(Level::warning, message.job, message.epoch,
                fmt::format("JobStarted from host {} is of old: dropped", from));
  }
  for (auto const& failure : message.set_aside) {
    note(Level::warning, message.job, message.epoch,
         fmt::format("an image was set aside: {}", failure.context));
  }
  std::optional<log::ImageKey> adopted;
  if (message.from) {
    adopted = log::ImageKey{message.from->epoch, message.from->generation};
    if (std::ranges::find(record->lineage, *adopted) == record->lineage.end()) {
      return note(Level::severe, message.job, message.epoch,
                  fmt::format("host {} says that {} began from {}, which is not of its lineage: dropped",
                              from, called(*record), message.from->path));
    }
  }
  bool const wanted_suspended = record->suspended;
  journal(log::Started{message.job, message.epoch, adopted, message.suspended, wall});
  auto& report = reports[message.job];
  report.job = message.job;
  report.epoch = message.epoch;
  report.steps = message.steps;
  note(Level::info, message.job, message.epoch,
       adopted ? fmt::format("{} goes on from {}-{} at step {} on host {}{}", called(*record), adopted->epoch,
                           adopted->generation, message.steps, from, message.suspended ? ", suspended" : "")
             : fmt::format("{} runs on host {}", called(*record), from));
  if (wanted_suspended != message.suspended && serving()) {
    // The image is older than the user's last word on it.
    auto const verb = wanted_suspended ? Verb::suspend : Verb::resume;
    desks[message.job].queue.push_front(Operation{verb, Asked{std::nullopt, 0, now}, std::nullopt});
  }
  to_serve.insert(message.job);
}

void Allocator::Core::hear(Rank from, msg::JobEnded const& message) {
  auto const* record = record_of(message.job);
  if (record == nullptr || is_ended(record->state)) return;
  if (record->intent && from == record->intent->source && message.epoch == record->intent->thaw_epoch) {
    // It thawed, and ended before it could say so.
    stayed(*record, reject("job_ended", fmt::format("{} ended before it could move", called(*record))));
  }
  if (record->host != from || record->epoch != message.epoch || record->state == JobState::waiting) {
    return note(Level::warning, message.job, message.epoch,
                fmt::format("JobEnded from host {} is of old: dropped", from));
  }
  reports[message.job].steps = message.outcome.steps;
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
  journal(log::Crashed{job, epoch, outcome, wall});
  reseat(job);
  note(Level::warning, job, epoch,
       fmt::format("{} crashed ({} of {}): {}", called(record), record.crashes, record.spec.crash_limit,
                   outcome.reason));
  if (static_cast<std::int32_t>(record.crashes) >= record.spec.crash_limit) {
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
}

void Allocator::Core::ended(JobId job, Outcome const& outcome) {
  auto const& record = *record_of(job);
  journal(log::Ended{job, record.epoch, outcome, wall});
  reseat(job);
  held.erase(job);
  give_up_outputs(job);
  bool const failed = outcome.ending == Ending::failed;
  note(failed ? Level::warning : Level::info, job, record.epoch,
       fmt::format("{} {} after {} steps{}{}", called(record),
                   failed                               ? "failed"
                   : outcome.ending == Ending::finished ? "finished"
                                                        : "was cancelled",
                   outcome.steps, outcome.reason.empty() ? "" : ": ", outcome.reason));
  auto const desk = desks.find(job);
  if (desk != desks.end() && desk->second.open && desk->second.open->verb == Verb::cancel &&
      outcome.ending == Ending::cancelled) {
    cmd::Act act;
    act.what = "cancelled";
    close(job, std::move(act));
  }
  clear_desk(job, reject("already_ended", fmt::format("{} already {}{}{}", called(record),
                                                      failed                               ? "failed"
                                                      : outcome.ending == Ending::finished ? "finished"
                                                                                           : "cancelled",
                                                      outcome.reason.empty() ? "" : ": ", outcome.reason)));
  settle(job);
}

void Allocator::Core::strand(JobId job) {
  auto const& record = *record_of(job);
  auto const why =
      peer_lost("stranded", fmt::format("host {} died; {} goes on from its newest checkpoint when the "
                                        "runtime is started again",
                                        record.host, called(record)));
  note(Level::warning, job, record.epoch, why.context);
  clear_desk(job, why);
  settle(job);
}

// The job has ended or is stranded: whoever waited for it is told when it was the last.
void Allocator::Core::settle(JobId job) {
  auto const at = watchers.find(job);
  if (at == watchers.end()) return;
  auto const commands = std::move(at->second);
  watchers.erase(at);
  for (auto const command : commands) {
    auto const waiter = waiters.find(command);
    if (--waiter->second.open > 0) continue;
    cmd::Jobs answer;
    for (auto const one : waiter->second.jobs) answer.rows.push_back(row_of(*record_of(one), false));
    waiters.erase(waiter);
    reply(command, std::move(answer));
  }
}

}  // namespace godwit::allocator
