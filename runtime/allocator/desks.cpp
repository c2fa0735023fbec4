// Desks: per job one operation at a time, the others in line behind it, each answered with its outcome.
#include <fmt/format.h>

#include "allocator/core.hpp"

namespace godwit::allocator {

namespace {

char const* done_already(JobState state) {
  switch (state) {
    case JobState::finished:
      return "finished";
    case JobState::failed:
      return "failed";
    default:
      return "cancelled";
  }
}

}  // namespace

// An answer is bounded: of more acts than that the first, and a last one for the others.
void sum_up(std::vector<cmd::Act>& acts) {
  if (acts.size() <= cmd::rows_max) return;
  std::size_t failed = 0;
  for (auto act = acts.begin() + cmd::rows_max; act != acts.end(); ++act) failed += act->failure ? 1 : 0;
  auto const others = acts.size() - cmd::rows_max;
  acts.resize(cmd::rows_max);
  cmd::Act last;
  last.what = fmt::format("and {} others: {} done, {} not", others, others - failed, failed);
  if (failed > 0) last.failure = retry_later("others", last.what);
  acts.push_back(std::move(last));
}

void Allocator::Core::ask(JobId job, Operation operation) {
  desks[job].queue.push_back(std::move(operation));
  to_serve.insert(job);
}

// Serves the line as far as it goes.
void Allocator::Core::serve(JobId job) {
  for (;;) {
    auto const at = desks.find(job);
    if (at == desks.end()) return;
    auto& desk = at->second;
    auto const* record = record_of(job);
    invariant(record != nullptr, "somebody at the desk of an element that has no record");
    if (desk.open || desk.queue.empty()) break;
    // What a new allocator hasn't been told of yet: its host may have to undo what the former one ordered.
    if (auto const host = hosts.find(record->host); host != hosts.end() && host->second.awaited) break;
    if (is_in_doubt(*record)) break;
    // What has yet to start, perhaps behind others, can be cancelled; all else waits for it to run.
    if (record->state == JobState::starting && desk.queue.front().verb != Verb::cancel) break;
    auto operation = std::move(desk.queue.front());
    desk.queue.pop_front();
    begin(*record, std::move(operation));
  }
  send_calls(job);
  forget_if_idle(job);
}

std::optional<Failure> Allocator::Core::obstacle(JobRecord const& record, Operation const& operation) const {
  if (is_ended(record.state)) {
    auto const& reason = record.outcome.reason;
    return reject("already_ended",
                  fmt::format("{} already {}{}{}", called(record), done_already(record.state),
                              reason.empty() ? "" : ": ", reason));
  }
  if (operation.verb == Verb::cancel) return std::nullopt;
  if (operation.verb == Verb::clone)
    return operation.target ? not_a_live_host(*operation.target) : std::nullopt;
  bool const stands_still = record.state == JobState::waiting || record.state == JobState::stranded;
  if (operation.verb == Verb::resume && stands_still && record.suspended) return std::nullopt;
  if (record.state == JobState::stranded) {
    return peer_lost("stranded", fmt::format("{} is stranded: host {} died, and may still run it; it goes on "
                                             "elsewhere as soon as that is out of the question",
                                             called(record), record.host));
  }
  if (record.state == JobState::held) {
    if (operation.verb == Verb::resume) return std::nullopt;
    return reject("held", fmt::format("{} is held: {} hosts in a row died while they had it; resume it first",
                                      called(record), record.host_losses));
  }
  if (auto const at = blocked.find(record.job.array()); at != blocked.end()) {
    return retry_later("waiting_for_job", fmt::format("{} is waiting for job {} to be over", called(record),
                                                      *at->second.begin()));
  }
  if (record.state == JobState::waiting) {
    return retry_later("waiting_for_host", fmt::format("{} is waiting for a host", called(record)));
  }
  if (operation.verb == Verb::suspend && record.suspended) {
    return reject("already_suspended", fmt::format("{} is suspended already", called(record)));
  }
  if (operation.verb == Verb::resume && !record.suspended) {
    return reject("not_suspended", fmt::format("{} is not suspended", called(record)));
  }
  if (operation.verb == Verb::migrate && operation.target) {
    if (auto why = not_a_live_host(*operation.target)) return why;
    if (*operation.target == record.host) {
      return reject("already_there", fmt::format("{} is on host {} already", called(record), record.host));
    }
  }
  return std::nullopt;
}

void Allocator::Core::begin(JobRecord const& record, Operation operation) {
  if (auto why = obstacle(record, operation)) {
    cmd::Act act;
    act.job = record.job;
    act.failure = std::move(why);
    return answer(operation.asked, std::move(act));
  }
  if (operation.verb == Verb::migrate) return begin_move(record, operation);
  if (operation.verb == Verb::leave) return begin_leave(record, std::move(operation));
  if (record.state == JobState::held && operation.verb == Verb::resume) return let_go(record, operation);
  bool const stands_still = record.state == JobState::waiting || record.state == JobState::stranded ||
                            record.state == JobState::held;
  if (operation.verb == Verb::resume && stands_still) return resume_when_it_starts(record, operation);
  if (operation.verb == Verb::clone && stands_still) return begin_clone(record, operation);
  begin_order(record, operation);
}

void Allocator::Core::answer(Asked const& asked, cmd::Act act) {
  if (!asked.command) {
    if (act.failure)
      note(Level::warning, act.job, {}, fmt::format("not done: {}", act.failure->context));
    return;
  }
  act.total = now - asked.at;
  auto const at = tickets.find(*asked.command);
  invariant(at != tickets.end() && at->second.open > 0, "an outcome for a command that was answered");
  at->second.acts[asked.line] = std::move(act);
  if (--at->second.open > 0) return;
  auto acts = std::move(at->second.acts);
  tickets.erase(at);
  sum_up(acts);
  reply(*asked.command, cmd::Acted{std::move(acts)});
}

// The open operation has its outcome; the next one's turn has come.
void Allocator::Core::close(JobId job, cmd::Act act) {
  auto const at = desks.find(job);
  if (at == desks.end() || !at->second.open) return;
  auto& desk = at->second;
  auto const asked = desk.open->asked;
  desk.open.reset();
  desk.request = {};
  desk.departed.reset();
  desk.refused.reset();
  to_serve.insert(job);
  act.job = job;
  answer(asked, std::move(act));
}

// Nothing more can be done for the job: everybody at its desk is told why.
void Allocator::Core::clear_desk(JobId job, Failure const& why) {
  auto const at = desks.find(job);
  if (at == desks.end()) return;
  cmd::Act act;
  act.job = job;
  act.failure = why;
  close(job, act);
  auto const queue = std::exchange(at->second.queue, {});
  for (auto const& operation : queue) answer(operation.asked, act);
  fail_calls(job, why);
  forget_if_idle(job);
}

void Allocator::Core::forget_if_idle(JobId job) {
  auto const at = desks.find(job);
  if (at != desks.end() && at->second.idle()) desks.erase(at);
}

}  // namespace godwit::allocator
