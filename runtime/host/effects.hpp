// What happens to a host, and what it wants done: the whole boundary of the host's state machine.
// host.step(now, event, effects) is pure but for its own state; Node carries the effects out in order.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "custody/claim.hpp"
#include "message/message.hpp"
#include "port/capsules.hpp"
#include "port/checkpoint_store.hpp"
#include "port/rounds.hpp"
#include "port/transport.hpp"
#include "port/world.hpp"

namespace godwit::host {

// ---- events

struct Began { std::int32_t ranks{0}; };  // once, first. ranks: of the world, if an allocator may begin here; else 0
struct Received { Rank from; Message message; Term term{}; };  // term: the sender's
struct TimerFired { RequestId timer; };
struct CountedOut {};  // the ledger says that this host is lost, or its world over: nobody hears it any more
struct LoadRead { NodeLoad load; std::vector<std::pair<CapsuleId, CapsuleReport>> capsules; };  // answers ReadLoad

using Event = std::variant<Began, Received, TimerFired, LoadRead, PagesSent, PagesReceived, PeerDied, CapsuleEvent,
                           StoreEvent, RoundEvent, CountedOut>;

// ---- effects

struct Send { Rank to; Message message; };
struct Arm { RequestId timer; Instant at; };  // one shot; arming again moves it; at = {} disarms
struct ReadLoad {};

struct PrepareCapsule { CapsuleOrder order; };
struct StartCapsule { CapsuleId capsule; Epoch epoch; };
struct RestoreCapsule { CapsuleId capsule; Epoch epoch; Bytes manifest; };
struct FreezeCapsule { CapsuleId capsule; };
struct ThawCapsule { CapsuleId capsule; Epoch epoch; Others others{Others::none}; };
struct SuspendCapsule { CapsuleId capsule; };
struct ResumeCapsule { CapsuleId capsule; };
struct CallCapsule { CapsuleId capsule; RequestId request; std::string method; std::vector<std::string> arguments; };
struct KillCapsule { CapsuleId capsule; };
struct ForgetCapsule { CapsuleId capsule; };
struct SetLease { Instant until; };

struct SendPages { CapsuleId capsule; Rank to; StreamId stream; std::vector<msg::PageRange> ranges; };
struct ReceivePages { CapsuleId capsule; Rank from; StreamId stream; std::uint64_t arena_bytes; std::vector<msg::PageRange> ranges; };

// Partner copies: port/rounds.hpp. KeepArena is answered only if there is no memory: by Failed.
struct KeepArena { CapsuleId capsule; std::uint64_t memory_bytes; std::uint64_t arena_bytes; };
struct GatherRound { RequestId round; CapsuleId capsule; std::uint64_t arena_bytes; bool whole; };
struct SendRound { RequestId round; Rank to; StreamId stream; };
struct ReceiveRound { RequestId round; Rank from; StreamId stream; std::uint64_t bytes; };
struct ScatterRound { RequestId round; CapsuleId capsule; std::uint64_t arena_bytes; std::vector<msg::PageRange> ranges; };
struct ReleaseRound { RequestId round; };
struct AbandonRound { RequestId round; };

struct WriteCheckpoint { RequestId request; CapsuleId capsule; CheckpointLabel label; Bytes manifest; std::uint64_t arena_bytes; };
struct ReserveStaging { RequestId request; std::uint64_t arena_bytes; };
struct VerifyImages { RequestId request; std::vector<msg::ImageName> images; };
struct PruneImages { msg::PruneJob order; };
struct LoadImage { RequestId request; msg::ImageName image; CapsuleId capsule; std::uint64_t arena_bytes; };

struct Write { Note note; };
struct Exit { int code; };
inline constexpr int exit_counted_out = 6;  // after CountedOut
// A majority has voted: an allocator is to begin on this rank, beside this host. Node opens the ledger, which
// may tell that the vote doesn't hold (electorate, a newer term), and begins it, or not: custody/claim.hpp.
struct TakeOver { custody::Claim claim; };
// What this host and that allocator say to each other is numbered from here on; first directly.
struct OpenChannel { Rank allocator; Term term; };
struct RouteVia { Rank manager{no_rank}; };  // none: directly

using Effect = std::variant<Send, Arm, ReadLoad, PrepareCapsule, StartCapsule, RestoreCapsule, FreezeCapsule,
                            ThawCapsule, SuspendCapsule, ResumeCapsule, CallCapsule, KillCapsule, ForgetCapsule,
                            SetLease, SendPages, ReceivePages, WriteCheckpoint, ReserveStaging, VerifyImages,
                            LoadImage, PruneImages, KeepArena, GatherRound, SendRound, ReceiveRound, ScatterRound, ReleaseRound,
                            AbandonRound, Write, Exit, TakeOver, OpenChannel, RouteVia>;
using Effects = std::vector<Effect>;

}  // namespace godwit::host
