// run_capsule: the life of a capsule, from fork to exit.
#pragma once

#include "edge/capsules/link/zygote_wire.hpp"

namespace godwit::inside {

// Makes this freshly forked process a capsule (lowest priority, first to go when memory runs out, stdout
// and stderr captured, no descriptors but these) and runs the host's job in it. The parent is the zygote:
// the capsule dies with it.
[[noreturn]] void run_capsule(zygote::CapsuleFds const& fds, int zygote_pid);

}  // namespace godwit::inside
