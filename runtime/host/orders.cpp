#include <fmt/format.h>

#include <algorithm>

#include "base/mutation.hpp"
#include "host/core.hpp"

namespace godwit::host {

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

}  // namespace

void Host::Core::done(RequestId request, JobId job, std::optional<Failure> failure, std::string answer) {
  tell(msg::OrderDone{request, job, std::move(failure), std::move(answer)});
}

bool Host::Core::stopping(RequestId request, JobId job) {
  if (quiescing) done(request, job, retry_later("stopping", "the runtime is stopping"));
  return quiescing;
}

static Failure not_here(JobId job, Rank host) {
  return retry_later("not_here", fmt::format("job {} is not at host {} any more", job, host));
}

void Host::Core::order(JobId job, Epoch epoch, Order const& order) {
  auto const request = std::visit([](auto const& held) { return held.request; }, order);
  auto* const held = live_at(job, epoch);
  if (held == nullptr) return done(request, job, not_here(job, self));
  if (stopping(request, job)) return;
  if (held->halt == Holding::Halt::none) {
    give(*held, order);
  } else {
    held->deferred.push_back(order);  // until it is thawed, or gone
  }
}

void Host::Core::on(Rank, msg::SuspendJob const& message) {
  order(message.job, message.epoch, message);
}
void Host::Core::on(Rank, msg::ResumeJob const& message) {
  order(message.job, message.epoch, message);
}
void Host::Core::on(Rank, msg::CallJob const& message) {
  order(message.job, message.epoch, message);
}

void Host::Core::give(Holding& held, Order const& order) {
  std::visit(Overloaded{[&](msg::SuspendJob const& suspend) {
                          if (held.suspended && held.resumes.empty()) return done(suspend.request, held.job);
                          held.suspends.push_back(suspend.request);
                          emit(SuspendCapsule{held.capsule});
                        },
                        [&](msg::ResumeJob const& resume) {
                          if (!held.suspended && held.suspends.empty()) return done(resume.request, held.job);
                          held.resumes.push_back(resume.request);
                          emit(ResumeCapsule{held.capsule});
                        },
                        [&](msg::CallJob const& call) {
                          held.calls.insert(call.request);
                          held.changed = true;
                          emit(CallCapsule{held.capsule, call.request, call.method, call.arguments});
                        }},
             order);
}

void Host::Core::give_deferred(Holding& held) {
  auto const orders = std::exchange(held.deferred, {});
  for (auto const& order : orders) give(held, order);
}

// The job leaves or ends: whoever waits for it here asks again where it is then.
void Host::Core::bounce_orders(Holding& held) {
  auto const why = not_here(held.job, self);
  for (auto const request : std::exchange(held.suspends, {})) done(request, held.job, why);
  for (auto const request : std::exchange(held.resumes, {})) done(request, held.job, why);
  for (auto const request : std::exchange(held.calls, {})) done(request, held.job, why);
  for (auto const request : std::exchange(held.saving.requests, {})) done(request, held.job, why);
  if (held.saving.parking) done(*std::exchange(held.saving.parking, std::nullopt), held.job, why);
  for (auto const& order : std::exchange(held.deferred, {})) {
    done(std::visit([](auto const& one) { return one.request; }, order), held.job, why);
  }
}

void Host::Core::on(Holding& held, capsule::Suspended const&) {
  held.suspended = true;
  held.changed = true;
  for (auto const request : std::exchange(held.suspends, {})) done(request, held.job);
}

void Host::Core::on(Holding& held, capsule::Resumed const&) {
  held.suspended = false;
  held.changed = true;
  for (auto const request : std::exchange(held.resumes, {})) done(request, held.job);
}

void Host::Core::on(Holding& held, capsule::Called const& event) {
  if (held.calls.erase(event.request) > 0) done(event.request, held.job, event.failure, event.answer);
}

void Host::Core::on(Holding& held, capsule::WantsMove const& event) {
  if (!held.is_live() || held.superseded || quiescing) return;
  tell(msg::MoveWanted{held.job, held.epoch, event.target});
}

void Host::Core::on(Rank, msg::CancelJob const& message) {
  if (queue.epoch_of(message.job) == message.epoch) {
    queue.drop(message.job);
    report(msg::JobEnded{message.job, message.epoch, Outcome{Ending::cancelled, {}, {}, 0}});
    return done(message.request, message.job);
  }
  auto* const held = newest_of(message.job);
  auto const ours =
      held != nullptr && held->epoch == message.epoch && held->phase != Holding::Phase::arriving;
  bool const gone = !ours || (held->is_committed() && !mutated(Mutation::cancel_the_committed));
  if (gone) return done(message.request, message.job, not_here(message.job, self));
  auto const& report = held->report;
  end_job(*held, Outcome{Ending::cancelled, {}, {}, report.steps, report.running_time}, true);
  done(message.request, message.job);
}

}  // namespace godwit::host
