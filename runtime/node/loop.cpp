#include "node/loop.hpp"

namespace godwit {

namespace {
// A peer that is stopped never takes its last message: don't wait for it for ever.
constexpr Duration leave_patience = 5s;
}  // namespace

bool Loop::fire_due(Instant now) {
  bool any = false;
  while (auto const timer = timers.take_due(now)) {
    fire(*timer);
    any = true;
  }
  return any;
}

void Loop::leave(int code) {
  if (exit_code_) return;
  exit_code_ = code;
  leave_by_ = world.clock.now() + leave_patience;
}

}  // namespace godwit
