// Calls of a job's methods. They aren't queued behind operations: they go to whoever has the job, and
// bounce ("not_here") from a host that has it no longer. A bounced call is sent again once per change
// of custody, and waits for an open move to close.
#include <fmt/format.h>

#include <algorithm>

#include "allocator/core.hpp"

namespace godwit::allocator {

void Allocator::Core::ask_call(JobId job, PendingCall call) {
  desks[job].calls.push_back(std::move(call));
  to_serve.insert(job);
}

// Sends what has not been sent to the present owner, if the job has a settled one.
void Allocator::Core::send_calls(JobId job) {
  auto const at = desks.find(job);
  if (at == desks.end() || at->second.calls.empty()) return;
  auto const& record = *record_of(job);
  auto& calls = at->second.calls;
  bool const runs = record.state == JobState::running || record.state == JobState::suspended;
  if (runs || (record.state == JobState::migrating && hosts.at(record.host).presence != Presence::dead)) {
    for (auto& pending : calls) {
      bool const tried = pending.call.epoch == record.epoch;  // bounced from this very owner
      if (pending.sent_to != no_rank || tried) continue;
      pending.sent_to = record.host;
      pending.call.epoch = record.epoch;
      send(record.host, pending.call);
    }
    return;
  }
  if (record.state == JobState::starting || record.state == JobState::migrating) return;
  Operation any;
  any.verb = Verb::checkpoint;
  if (auto const why = obstacle(record, any)) fail_calls(job, *why);
}

bool Allocator::Core::call_done(msg::OrderDone const& message) {
  auto const at = desks.find(message.job);
  if (at == desks.end()) return false;
  auto& calls = at->second.calls;
  auto const call =
      std::ranges::find(calls, message.request, [](auto const& one) { return one.call.request; });
  if (call == calls.end()) return false;

  auto const& record = *record_of(message.job);
  to_serve.insert(message.job);
  bool const bounced = message.failure && message.failure->code == "not_here";
  if (bounced && (record.epoch != call->call.epoch || record.intent)) {
    call->sent_to = no_rank;
    return true;
  }
  cmd::Act act;
  act.job = message.job;
  act.failure = message.failure;
  act.answer = message.answer;
  if (!message.failure) act.what = fmt::format("{} answered", call->call.method);
  auto const asked = call->asked;
  calls.erase(call);
  answer(asked, std::move(act));
  return true;
}

void Allocator::Core::fail_calls(JobId job, Failure const& why) {
  auto const at = desks.find(job);
  if (at == desks.end()) return;
  auto const calls = std::exchange(at->second.calls, {});
  for (auto const& pending : calls) {
    cmd::Act act;
    act.job = job;
    act.failure = why;
    answer(pending.asked, std::move(act));
  }
}

// Calls that were on their way to a host that died: whether they ran is not known.
void Allocator::Core::fail_calls_to(Rank host, JobId job, Failure const& why) {
  auto const at = desks.find(job);
  if (at == desks.end()) return;
  auto& calls = at->second.calls;
  for (auto call = calls.begin(); call != calls.end();) {
    if (call->sent_to != host) {
      ++call;
      continue;
    }
    cmd::Act act;
    act.job = job;
    act.failure = why;
    auto const asked = call->asked;
    call = calls.erase(call);
    answer(asked, std::move(act));
  }
  to_serve.insert(job);
}

}  // namespace godwit::allocator
