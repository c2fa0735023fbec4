#include <fmt/format.h>

#include "base/figures.hpp"
#include "base/mutation.hpp"
#include "host/core.hpp"

namespace godwit::host {

bool Host::Core::image_wanted(Holding const& held) const {
  auto const& saving = held.saving;
  if (saving.writing || held.is_committed()) return false;
  if (saving.last) return !saving.current;
  if (!saving.reserved) return false;
  return saving.due || !saving.requests.empty() || (saving.parking && !saving.current);
}

// Its last image is durable, and no move is open that could take it elsewhere.
bool Host::Core::saved_for_good(Holding const& held) const {
  auto const& saving = held.saving;
  bool const leaves = held.leaving && held.leaving->departure.is_open();
  return saving.last && saving.current && (!saving.writing || mutated(Mutation::quiesce_unsaved)) && !leaves;
}

bool Host::Core::must_stay_frozen(Holding const& held) const {
  bool const leaves = held.leaving && held.leaving->departure.is_open() && !mutated(Mutation::run_while_leaving);
  bool const is_parking = held.saving.parking && held.saving.current;
  return quiescing || held.saving.staging || held.copying.gathering || is_parking || leaves;
}

// Brings the capsule to what the holding wants: frozen or running, and its image on its way.
void Host::Core::settle(Holding& held) {
  if (!held.is_live()) return;
  if (held.halt == Holding::Halt::held) {
    if (held.waits_to_leave()) send_image(held);
    if (image_wanted(held)) write_image(held);
    if (held.copying.due && !quiescing) gather_copy(held);
    if (saved_for_good(held)) return release(held, !held.died);
    if (parked_for_good(held)) return park(held);
    if (must_stay_frozen(held)) return;
    if (held.died) return end_job(held, *held.died);
    return thaw(held);
  }
  bool const wanted = held.waits_to_leave() || image_wanted(held) || (held.copying.due && !held.is_committed());
  if (wanted && held.halt == Holding::Halt::none) freeze(held);
  if (!wanted && held.halt == Holding::Halt::asked) return thaw(held);
  bool const asked_for = held.saving.parking || !held.saving.requests.empty();
  if (wanted && asked_for && !held.saving.patience) {
    held.saving.patience = arm(settings.safe_point_patience, TimerKind::checkpoint, held.capsule);
  }
}

void Host::Core::freeze(Holding& held) {
  emit(FreezeCapsule{held.capsule});
  held.halt = Holding::Halt::asked;
}

void Host::Core::thaw(Holding& held) {
  emit(ThawCapsule{held.capsule, held.epoch, std::exchange(held.others, Others::none)});
  ++held.thaws_unanswered;
  held.halt = Holding::Halt::none;
  held.frozen.reset();
  held.saving.current = false;
  held.changed = held.changed || !stands_still(held);
  held.copying.changed = held.copying.changed || !stands_still(held);
  give_deferred(held);
}

// Thawed or not, it begins no step: its image stays what it is.
bool Host::Core::stands_still(Holding const& held) const {
  return held.suspended || (leased_until && now >= *leased_until);
}

void Host::Core::on(Holding& held, capsule::Frozen const& event) {
  // One that crossed the thaw that withdrew it: the job runs on, or is about to.
  if (!held.is_live() || held.thaws_unanswered > 0 || held.halt != Holding::Halt::asked) return;
  held.halt = Holding::Halt::held;
  held.frozen = event;
  held.report.arena_bytes = event.arena_bytes;
  settle(held);
}

Failure Host::Core::no_safe_point(Holding const& held) const {
  auto const& report = held.report;
  auto const since = report.last_safe_point == Instant{}
                         ? std::string("since it started here")
                         : fmt::format("for {}", spell_duration(now - report.last_safe_point));
  return retry_later(
      "no_safe_point",
      fmt::format("job {} has reached no safe point {}: step {} is still running. Try again later, or "
                  "let its long loops poll stop_wanted()",
                  held.job, since, report.steps + 1));
}

}  // namespace godwit::host
