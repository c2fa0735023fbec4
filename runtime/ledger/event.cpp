#include "ledger/event.hpp"

#include <array>

namespace godwit {

// In the order of the variant.
char const* name_of(LedgerEvent const& event) {
  static constexpr std::array names{
      "WorldBegan", "WorldEnded", "HostLost",  "Submitted",         "Granted",   "Started",   "Intent",     "Moved",    "Stayed",
      "Checkpointed", "Suspended", "Resumed",  "Crashed",           "Ended",     "Parked",    "ElementsCancelled", "Commanded",
      "Cloned",     "TermBegan",  "HostFenced", "Released",         "AccountsSet", "Scores",  "Drained",    "GrantedToGroup",
      "HandedOn",   "Decided",   "Retried",   "ElementsRetried",   "Pruned",    "Recovered", "Forgotten"};
  static_assert(names.size() == std::variant_size_v<LedgerEvent>);
  return names[event.index()];
}

JobId job_of(LedgerEvent const& event) {
  return std::visit(
      [](auto const& held) {
        if constexpr (requires { held.job; }) return held.job;
        if constexpr (requires { held.array; }) return held.array;
        return JobId{};
      },
      event);
}

}  // namespace godwit
