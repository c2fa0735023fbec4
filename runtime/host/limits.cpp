#include <fmt/format.h>

#include <algorithm>

#include "base/figures.hpp"
#include "host/core.hpp"

namespace godwit::host {

namespace {
constexpr Duration look_again = 1s;  // at a job whose clock stands still, or that is about to be over the limit

// As the user gave it: 10 min, 90 s. An age in whole seconds.
std::string spell(Duration time) {
  if (time < 1s) return spell_duration(time);
  auto const seconds = time / 1s;
  return seconds % 60 == 0 ? fmt::format("{} min", seconds / 60) : fmt::format("{} s", seconds);
}

}  // namespace

void Host::Core::watch_limits(Holding& held) {
  if (held.spec.step_limit > Duration{0} || held.spec.time_limit > Duration{0}) check_limits(held);
}

// Whether it is over a limit, as last read; else looks again when it could be. What is frozen is being saved or
// moved: it is looked at when it runs again.
void Host::Core::check_limits(Holding& held) {
  auto const& spec = held.spec;
  bool const limited = spec.step_limit > Duration{0} || spec.time_limit > Duration{0};
  if (!limited || !held.is_live() || held.superseded || held.died || held.is_committed()) return;
  auto const& report = held.report;
  auto const frozen = held.halt == Holding::Halt::held;
  auto next = Duration::max();
  if (spec.step_limit > Duration{0}) {
    auto const age = frozen ? Duration{0} : step_age(held);
    if (age >= spec.step_limit) {
      return end_job(held,
                     {Ending::crashed,
                      fmt::format("step limit of {} passed: the step has taken {}", spell(spec.step_limit),
                                  spell(age)),
                      {},
                      report.steps,
                      report.running_time},
                     true);
    }
    next = std::min(next, spec.step_limit - age);
  }
  if (spec.time_limit > Duration{0} && !frozen) {
    if (report.running_time >= spec.time_limit) {
      return end_job(held,
                     {Ending::failed,
                      fmt::format("time limit of {} passed", spell(spec.time_limit)),
                      {},
                      report.steps,
                      report.running_time},
                     true);
    }
    next = std::min(next, spec.time_limit - report.running_time);
  }
  if (next == Duration::max()) next = look_again;
  disarm(held.limits_timer);
  held.limits_timer = arm(next, TimerKind::limits, held.capsule);
}

}  // namespace godwit::host
