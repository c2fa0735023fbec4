#include "explorer/packet.hpp"

#include <fmt/format.h>

namespace godwit::explorer {

bool is_report(Packet const& packet) {
  switch (packet.kind) {
    case Packet::Kind::job_started:
    case Packet::Kind::job_ended:
    case Packet::Kind::accepted:
    case Packet::Kind::refused:
    case Packet::Kind::departed:
    case Packet::Kind::stayed:
      return true;
    default:
      return false;
  }
}

std::string describe(Packet const& packet) {
  static constexpr char const* names[] = {
      "Welcome",      "StartJob",   "PrepareArrival", "CancelJob", "HeartbeatSeen", "AbandonMove",
      "ArrivalReady", "Round",      "Commit",         "Accepted",  "Refused",       "Departed",
      "Stayed",       "JobStarted", "JobEnded",       "OrderDone", "Holdings"};
  static constexpr char const* endings[] = {"finished", "failed", "cancelled", "crashed"};
  std::string text = names[static_cast<std::size_t>(packet.kind)];
  if (packet.job != JobId{}) text += fmt::format(" of job {}", packet.job);
  if (packet.epoch != Epoch{}) text += fmt::format(", epoch {}", packet.epoch);
  if (packet.target_epoch != Epoch{}) text += fmt::format(", target epoch {}", packet.target_epoch);
  if (packet.thaw_epoch != Epoch{}) text += fmt::format(", thaw epoch {}", packet.thaw_epoch);
  if (packet.kind == Packet::Kind::job_ended)
    text += fmt::format(": {}", endings[static_cast<std::size_t>(packet.ending)]);
  if (packet.target_fenced) text += ", the target is fenced";
  if (packet.torn) text += ", damaged";
  for (auto const& held : packet.held)
    text += fmt::format(", holds job {} at epoch {}", held.job, held.epoch);
  return text + fmt::format(" (term {})", packet.term);
}

}  // namespace godwit::explorer
