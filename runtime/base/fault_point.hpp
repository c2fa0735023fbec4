// Fault points: named instants at which a test may have this process end, or stand still, as if it had been killed just
// then. Off unless a hook is set, which godwitd does where the environment asks for it (app/godwitd/faults.hpp); then
// they cost one look at a pointer.
#pragma once

namespace godwit {

// "send" "Commit": what is about to happen, to what.
using FaultHook = void (*)(char const* act, char const* what);
inline FaultHook fault_hook = nullptr;  // set once, before anything begins; called by any thread

inline void fault_point(char const* act, char const* what) {
  if (fault_hook != nullptr) fault_hook(act, what);
}

}  // namespace godwit
