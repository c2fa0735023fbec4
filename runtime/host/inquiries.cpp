#include <algorithm>

#include "host/core.hpp"

namespace godwit::host {

// Answered with what the capsules say now, not with what they said at the last heart-beat.
void Host::Core::on(Rank, msg::ListHeld const& message) {
  inquiries.push_back(message.request);
  emit(ReadLoad{});
}

msg::HeldJob Host::Core::describe(Holding const& held) const {
  auto const state = [&] {
    if (held.phase == Holding::Phase::preparing) return "preparing";
    if (held.phase == Holding::Phase::arriving) return "arriving";
    if (held.superseded || (held.leaving && held.leaving->departure.is_open())) return "leaving";
    if (held.halt == Holding::Halt::held) return "frozen";
    return held.suspended ? "suspended" : "running";
  }();
  auto const& report = held.report;
  return {held.job,        held.epoch,      held.spec.type,     held.spec.name, state,
          report.steps, report.progress, report.arena_bytes, step_age(held)};
}

// None while no step is running.
Duration Host::Core::step_age(Holding const& held) const {
  auto const& report = held.report;
  if (!held.is_live() || report.waits || report.last_safe_point == Instant{}) return Duration{0};
  return std::max(Duration{0}, now - report.last_safe_point);
}

}  // namespace godwit::host
