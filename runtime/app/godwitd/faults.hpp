// $GODWIT_FAULT: where this process is to be killed, for tests of what survives it (docs/testing.md).
//
//   [RANK:]ACT:WHAT[@N][=stop] …      "2:send:Commit", "append:Moved@3", "publish:renamed=stop"
//
// At the N-th time (the first, unless it says so) that the act is about to happen, in that rank or in any, the process
// ends by SIGKILL, or stops by SIGSTOP. Each point strikes once among all processes that have $GODWIT_FAULT_STRUCK, a
// directory, in common: a runtime that is started again lives on. WHAT may be *.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"

namespace godwit {

// Sets the hook if the environment asks for it. Refuses what it doesn't understand.
[[nodiscard]] Status arm_faults(Rank self);

}  // namespace godwit
