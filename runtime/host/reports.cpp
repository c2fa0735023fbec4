// What a new allocator is told: what the former one may not have written down, and what is held here.
#include "host/reports.hpp"

#include "base/mutation.hpp"
#include "host/core.hpp"

namespace godwit::host {

void Host::Core::on(Rank, msg::ReportsSeen const& message) {
  reports.confirm(message.count);
}

// Everything that the ledger must know before it says whose jobs these are, then what is held, and nothing new
// in between. Another term's orders that are still on their way are not obeyed: so what isn't held here now
// won't be.
void Host::Core::meet_allocator(Rank allocator) {
  greeted = allocator;
  keep_the_parking();
  reports.begin_term();
  for (auto const& report : reports.unconfirmed()) {
    if (mutated(Mutation::forget_reports)) break;
    std::visit([&](auto const& one) { send(allocator, one); }, report);
  }
  for (auto const& [capsule, held] : holdings) {
    bool const claims = held.phase == Holding::Phase::preparing || held.is_live();
    if (claims && !held.outputs.empty()) send(allocator, msg::ClaimOutputs{held.job, held.epoch, held.outputs});
  }
  msg::Holdings all{{settings.pid, settings.node, settings.cores, settings.has}, {}, {}};
  for (auto const& [capsule, held] : holdings) {
    if (held.phase != Holding::Phase::released) all.held.push_back(sum_up(held));
  }
  queue.each([&](msg::StartJob const& start) {
    all.held.push_back({start.job, start.epoch, msg::Held::Phase::starting, {}});
  });
  for (auto const& [job, arena] : copies) all.copies.push_back({job, kept.at(arena).epoch});
  send(allocator, std::move(all));
  if (quiesced) send(allocator, msg::Quiesced{unsaved});
}

msg::Held Host::Core::sum_up(Holding const& held) const {
  if (held.phase == Holding::Phase::arriving) return {held.job, held.epoch, msg::Held::Phase::arriving, {}};
  if (!held.is_live()) return {held.job, held.epoch, msg::Held::Phase::starting, {}};
  if (!held.leaving) return {held.job, held.epoch, msg::Held::Phase::live, {}};
  return {held.job, held.epoch, held.is_committed() ? msg::Held::Phase::committed : msg::Held::Phase::leaving,
          held.leaving->departure.target_epoch()};
}

}  // namespace godwit::host
