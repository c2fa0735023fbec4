// What happens to a manager, and what it wants done: the whole boundary of its state machine.
#pragma once

#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "message/message.hpp"

namespace godwit::manager {

// ---- events

struct Carry { msg::Parcel parcel; };            // of a host, to the allocator
struct Ordered { Term term; Message message; };  // what Manager::wants of the present allocator's
struct Told { Rank from; msg::Room room; };
struct TimerFired {};
struct Deposed {};  // another allocator leads: nothing that the former one ordered counts any more

using Event = std::variant<Carry, Ordered, Told, TimerFired, Deposed>;

// ---- effects

struct Pass { msg::Parcel parcel; };         // to its allocator
struct Send { Rank to; Message message; };   // to a host
struct Say { Message message; };             // to the allocator, as anything that this rank says to it
struct Arm { Instant at; };                  // its only timer; {}: disarmed

using Effect = std::variant<Pass, Send, Say, Arm>;
using Effects = std::vector<Effect>;

}  // namespace godwit::manager
