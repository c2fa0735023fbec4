// Entries: what the allocator remembers of one job, host, command or wait beside the ledger. Plain values, private to
// this folder: Core (core.hpp) keeps them by id.
#pragma once

#include <boost/container/flat_set.hpp>
#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "allocator/effects.hpp"
#include "base/table.hpp"
#include "ledger/intervals.hpp"

namespace godwit::allocator {

// Where an outcome goes: a line of a user's command, or nobody (the job itself asked).
struct Asked {
  std::optional<CommandId> command;
  std::size_t line{0};
  Instant at;
};

// A command about jobs, answered when each line has its outcome.
struct Ticket {
  std::vector<cmd::Act> acts;
  std::size_t open{0};
};

enum class Verb : std::uint8_t { migrate, clone, checkpoint, suspend, resume, cancel, park, leave };

struct Operation {
  Verb verb{};
  Asked asked;
  std::optional<Rank> target;  // of a migrate or a clone; none: the best
};

struct PendingCall {
  Asked asked;
  msg::CallJob call;
  Rank sent_to{no_rank};  // at call.epoch; no_rank: not sent, the job has no settled owner
};

// Everything that goes on about one job.
struct Desk {
  std::optional<Operation> open;
  RequestId request;                         // of the order that `open` is
  std::optional<msg::MoveFigures> departed;  // of the move that `open` is: the source was faster to report
  std::optional<Failure> refused;            // likewise: the target won't take it
  Instant patient_since;                     // with that move
  bool pressed{false};                       // its target was asked to refuse: the two may not hear each other
  std::deque<Operation> queue;
  std::vector<PendingCall> calls;

  [[nodiscard]] bool idle() const { return !open && queue.empty() && calls.empty(); }
};

// The move is over, its figures are still to come from the source.
struct AwaitedDeparture {
  Asked asked;
  Rank source, target;
  Instant patient_since;
};

// A clone that has been made and hasn't been answered about.
struct AwaitedClone {
  Asked asked;
  JobId source;
  bool has_image{false};
  std::optional<msg::CheckpointFigures> figures;  // of the checkpoint that was ordered for it
  std::optional<Generation> restarted{};          // it is a restart, from that one
};

// A restart whose type is being looked up.
struct PendingRestart {
  std::string who, text;
  JobId of;
  log::ImageOf image;
  JobSpec spec;  // of the new job
  bool latest{false};
};

// Generations of a job are being thrown away by a host: which, it says.
struct Pruning {
  RequestId request{};
  Rank host{no_rank};
  Asked asked{};
  bool trial{false};
  bool again{false};  // there are more by now
  std::vector<CommandReceived> waiting{};  // restarts, which must know what is left
};

enum class Presence : std::uint8_t { joining, alive, late, dead };

// Few: they lie in the host's entry.
using Occupants = boost::container::flat_set<JobId, std::less<>, boost::container::small_vector<JobId, 8>>;

// What each message touches comes first.
struct HostEntry {
  Presence presence{Presence::joining};
  bool open{false};            // the scheduler was told that it takes jobs
  bool awaited{false};         // by a new allocator: it hasn't said what it holds
  bool managed{false};         // now: what it is given ahead of room, its group is
  bool dismissed{false};       // came back from the dead and was told to park its jobs
  bool quiesced{false};
  Instant heard;
  Instant polled;
  std::uint64_t reports{0};    // heard, in this term
  std::uint64_t confirmed{0};  // of them: it was told, or is going to be once that is durable
  Occupants occupants;         // custody here, or on the way here
  NodeLoad load;               // as last heard
  std::string group;           // whose it is, where hosts are managed
  Instant apart_until;         // it was late: it speaks for itself
  msg::Hello hello;
};

// Where the ledger has a job, as far as the scheduler needs to know.
struct Seat {
  bool waits{false};
  Rank host{no_rank}, target{no_rank};
};

// How long a slot is busy with a job of one kind: an array's element, or a single job of a type.
struct Paces {
  RankTable<Duration> of;
  std::set<Rank> quick;  // hosts that may be granted some ahead
};

// When and behind how many others a job was granted: its end tells how fast that host is.
struct GrantMark {
  Instant at;
  std::int32_t occupants{0};
};

// What a reference stands for, of one number: a single job (no elements), or elements of an array.
struct Choice {
  JobId job;  // the single job, or the array
  Intervals elements;
  bool whole{false};  // the array as such was meant
};
struct Selection {
  std::vector<Choice> choices;  // in order, each number once
  bool one{false};              // a single job or a single element was named
};

struct PendingSubmit {
  CommandId command;
  std::string who;
  cmd::Submit submit;
  std::map<std::string, JobType> types;
  std::set<std::string> wanted;  // types still looked for
};
struct Lookup {  // a question to the catalogue: for a submit, or for ListTypes
  CommandId command;
  std::string type;
};

struct HeldInquiry {
  CommandId command;
  Rank host;
};

struct Waiter {
  std::map<JobId, Choice> choices;
  std::uint64_t open{0};     // of them, those that have not settled
  std::set<JobId> held;      // not open: they wait for a user's word
};

// What a submission comes to, job by job: see accept.cpp.
struct Decision {
  std::optional<std::size_t> twin;  // the same as that one of the same submission
  std::optional<JobId> known;     // adopted
  std::optional<JobId> replaced;  // changed, and not started: it makes way
  JobId job;
  std::vector<std::optional<std::size_t>> after;  // which of the submission; none: `id` says it
};

// Leaving: all is said, and waits for the journal and for half of the leases. Over: nothing is heard any more.
enum class Phase : std::uint8_t { open, closing, quiescing, leaving, over };

struct Shutdown {
  Phase phase{Phase::open};
  bool broken{false};  // the journal can't be written: nothing may be decided any more
  Instant since;
  std::vector<CommandId> askers;
  std::set<JobId> checkpointed;
  std::vector<std::pair<JobId, Failure>> unsaved;
};

}  // namespace godwit::allocator
