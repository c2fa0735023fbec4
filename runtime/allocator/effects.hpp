// What happens to the allocator, and what it wants done: the whole boundary of its state machine.
// Journal first: Node holds each Send, Reply and Exit back until every Append before it (in this and
// earlier steps) is durable; sends marked `unjournalled` (heart-beat answers, polls) don't wait.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "custody/claim.hpp"
#include "ledger/event.hpp"
#include "message/command.hpp"
#include "message/message.hpp"
#include "port/control.hpp"
#include "port/transport.hpp"
#include "port/world.hpp"

namespace godwit::allocator {

// ---- events

struct Began {  // once, first, after the ledger was replayed
  Term term;
  std::int32_t ranks{0};
  Duration old_leases{0};  // how long a previous world's hosts might still run jobs; 0: their end is proven
  std::vector<log::Seal> seals;  // of the former terms' logs
  Rank self{0};                  // of this allocator
  bool takes_over{false};        // within a world, from another allocator
  custody::Claim claim;          // then: by which votes
};
struct Received { Rank from; Message message; Term term{}; };  // term: the sender's
struct TimerFired { RequestId timer; };
struct StopWanted {};     // SIGTERM or SIGINT: as the command Stop, with nobody to answer
struct JournalBroken { Failure why; };  // the ledger can't be written: no authority any more
struct Confirmed { std::uint64_t change{0}; };  // answers Confirm

using Event = std::variant<Began, Received, TimerFired, CommandReceived, TypesFound, PeerDied, StopWanted, JournalBroken,
                           Confirmed>;

// ---- effects

struct Append { LedgerEvent event; };
struct Send { Rank to; Message message; bool unjournalled{false}; };
// From now on what it says to that host goes by that manager; no_rank: directly. At once.
struct Route { Rank host; Rank manager{no_rank}; };
struct Reply { CommandId command; Answer answer; };
struct Arm { RequestId timer; Instant at; };  // one shot; arming again moves it; at = {} disarms
struct FindTypes { RequestId request; std::string type; };
struct Write { Note note; };
// It is leased by half of those who may vote until then: later, Node holds back all that waits for the journal too.
struct Lead { Instant until; };
// Leaves like a Send: once all that was appended before is durable, and this allocator leads. Then Confirmed is fed.
struct Confirm { std::uint64_t change{0}; };
// After every Send and Reply before it has left. Deposed: at once, and nothing that waited ever leaves.
struct Exit { int code; bool deposed{false}; };

using Effect = std::variant<Append, Send, Route, Reply, Arm, FindTypes, Write, Lead, Confirm, Exit>;
using Effects = std::vector<Effect>;

}  // namespace godwit::allocator
