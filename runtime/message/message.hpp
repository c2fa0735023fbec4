// Every message between ranks, as a plain struct. A new type is added here, in one place: the struct,
// and its name in Message. Encoded by message/codec.hpp; sent as char arrays by the transport.
//
// MPI's promise is all we rely on: reliable and in order between two ranks while both live; across
// pairs any order, any delay. Hence each message that could be overtaken carries what it needs.
// A message about an older epoch is answered, never obeyed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/archive.hpp"
#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "job/spec.hpp"
#include "message/load.hpp"
#include "state/manifest.hpp"

#define GODWIT_FIELDS(...)                        \
  template <class Archive>                        \
  void serialize(Archive& archive, unsigned) {    \
    archive & __VA_ARGS__;                        \
  }

namespace godwit::msg {

// ---- membership

struct Hello {  // host → allocator, once at start
  std::int32_t pid{0};
  std::string node;
  std::int32_t cores{0};  // of the node, as far as this user may use them
  Capabilities has;       // for jobs
  GODWIT_FIELDS(pid & node & cores & has)
};

struct Welcome {  // allocator → host: the answer; also how a new allocator introduces itself
  Duration heartbeat_every{0};
  Duration lease{0};
  Instant at;  // the allocator's own clock: echoed in Heartbeat.seen
  bool numbered{false};  // all that the two say to each other from now on comes in parcels: it may go by a manager
  GODWIT_FIELDS(heartbeat_every & lease & at & numbered)
};

struct JobReport {
  JobId job;
  Epoch epoch;
  std::uint64_t steps{0};
  Progress progress;
  std::uint64_t arena_bytes{0};
  Duration step_age{0};  // since the last safe point
  Duration step_p50{0}, step_p99{0};
  GODWIT_FIELDS(job & epoch & steps & progress & arena_bytes & step_age & step_p50 & step_p99)
};

struct Heartbeat {  // host → allocator; one outstanding
  Instant sent;     // the host's own clock
  NodeLoad load;        // of its node
  std::vector<JobReport> jobs;
  // The newest `at` that this allocator said. With it the host leases the allocator its authority: it votes for
  // no other before it has heard nothing for a lease since.
  Instant seen;
  GODWIT_FIELDS(sent & load & jobs & seen)
};

struct HeartbeatSeen {  // allocator → host; the lease runs from `sent`, which is echoed
  Instant sent;
  Instant at;               // the allocator's own clock: echoed in the next Heartbeat
  bool renews{true};        // false: the allocator isn't leased by a majority itself, and gives no lease
  std::vector<Rank> lost{}; // hosts that count as dead: no voters any more, and not in the line of succession
  bool complete{false};     // all others have joined: this allocator counts on nobody who never promised it anything
  bool closed{false};       // the host takes no jobs now: it is drained, or on standby
  Duration failures_every{0};  // on one host, as far as has been seen: the mean time; 0: not said
  GODWIT_FIELDS(sent & at & renews & lost & complete & closed & failures_every)
};

struct Poll {  // allocator → host: "are you there?", sent when heart-beats are late; answered by a Heartbeat
  Instant at;
  GODWIT_FIELDS(at)
};

// ---- succession: docs/protocol.md, "Terms"

struct AskVote {  // candidate → every other host
  Term term;           // that the candidate would begin
  Instant sent;        // the candidate's own clock
  Rank ended{-1};      // this allocator's process is known to have ended: nobody's lease to it counts any more
  bool trial{false};   // would you? A promise is asked for only once a majority would
  GODWIT_FIELDS(term & sent & ended & trial)
};
struct Vote {  // host → candidate; one per term. From the vote on, the host obeys no older term
  Term term;
  Instant sent;                     // echoed: the candidate's authority is leased from then on
  bool trial{false};                // echoed
  std::optional<Failure> refusal;   // why not
  GODWIT_FIELDS(term & sent & trial & refusal)
};
struct TermIs {  // to an allocator whose term is over: whoever reads it steps down
  Term term;
  GODWIT_FIELDS(term)
};

// What a host holds, as a new allocator must know it: all that a Held of no Phase doesn't name it neither runs nor
// will run under an older term's order.
struct Held {
  enum class Phase : std::uint8_t { starting, arriving, live, leaving, committed };  // queued counts as starting
  JobId job;
  Epoch epoch;         // arriving: the target epoch
  Phase phase{};
  Epoch target_epoch;  // of the move that it leaves by
  GODWIT_FIELDS(job & epoch & phase & target_epoch)
};
struct JobEpoch {
  JobId job;
  Epoch epoch;
  auto operator<=>(JobEpoch const&) const = default;
  GODWIT_FIELDS(job & epoch)
};
struct Holdings {  // host → a new allocator, after all reports that the former one hadn't confirmed
  Hello hello;
  std::vector<Held> held;
  std::vector<JobEpoch> copies;  // that it keeps for other hosts, whole ones
  GODWIT_FIELDS(hello & held & copies)
};
// allocator → host: so many of its reports of this term (JobStarted, JobEnded, Accepted, Refused, Departed, Stayed,
// Checkpointed) are in the ledger, durably. The others it sends again to the next allocator.
struct ReportsSeen {
  std::uint64_t count{0};
  GODWIT_FIELDS(count)
};

// ---- running a job

struct ImageName {  // a checkpoint file of this job
  Epoch epoch;
  Generation generation;
  std::string path;  // relative to the store
  auto operator<=>(ImageName const&) const = default;
  GODWIT_FIELDS(epoch & generation & path)
};

struct CopyAt {  // where a partner copy is, and under which epoch it was taken
  Rank keeper;
  Epoch epoch;
  GODWIT_FIELDS(keeper & epoch)
};

struct StartJob {  // allocator → host
  JobId job;
  Epoch epoch;
  JobSpec spec;
  std::vector<ImageName> images;  // its lineage, newest first: adopt the first that verifies; empty: start afresh
  JobId clone_of;                 // 0: none. Images may be of that job; its outputs are copied, not taken over
  // A former holder's end isn't proven, it may still be writing: outputs go to new files, the prefix copied, and
  // are renamed over the old ones.
  bool fresh_files{false};
  bool for_group{false};  // to a manager: for whichever of its hosts has room
  std::optional<CopyAt> copy;  // rather than from its newest image, if the copy is newer
  GODWIT_FIELDS(job & epoch & spec & images & clone_of & fresh_files & for_group & copy)
};

// A job that declares outputs may open them only when no other live job has them.
struct ClaimOutputs {  // host → allocator, before the job starts or goes on from a file
  JobId job;
  Epoch epoch;
  std::vector<std::string> paths;  // absolute
  GODWIT_FIELDS(job & epoch & paths)
};
struct OutputsClaimed {  // allocator → host
  JobId job;
  Epoch epoch;
  std::optional<Failure> refusal;  // whose they are
  GODWIT_FIELDS(job & epoch & refusal)
};

struct JobStarted {  // host → allocator: it runs (or is suspended, as its image says)
  JobId job;
  Epoch epoch;
  std::optional<ImageName> from;
  std::uint64_t steps{0};
  bool suspended{false};
  std::vector<Failure> set_aside;  // images that didn't verify
  Rank copy_of{no_rank};  // it began from the copy in that host's memory, which is newer than `from`
  GODWIT_FIELDS(job & epoch & from & steps & suspended & set_aside & copy_of)
};

struct JobEnded {  // host → allocator: also the answer to a StartJob that failed, and to CancelJob
  JobId job;
  Epoch epoch;
  Outcome outcome;
  GODWIT_FIELDS(job & epoch & outcome)
};

// ---- moving a job (docs/protocol.md has the picture)

struct PrepareArrival {  // allocator → target, after Intent is journalled
  JobId job;
  Rank source;
  Epoch epoch;          // at the source now
  Epoch target_epoch;   // at which the target may run it
  Epoch thaw_epoch;     // at which the source goes on, should the move fail
  JobSpec spec;
  std::uint64_t arena_bytes{0};  // as last reported: memory to touch beforehand
  JobId clone_of;                // as in StartJob
  GODWIT_FIELDS(job & source & epoch & target_epoch & thaw_epoch & spec & arena_bytes & clone_of)
};

struct ArrivalReady {  // target → source: capsule started, memory touched; the source may freeze
  JobId job;
  Epoch epoch;
  Epoch target_epoch;
  Epoch thaw_epoch;
  GODWIT_FIELDS(job & epoch & target_epoch & thaw_epoch)
};

struct PageRange {
  std::uint64_t offset{0};
  std::uint64_t bytes{0};
  GODWIT_FIELDS(offset & bytes)
};

struct Round {  // source → target: these pages follow on this stream
  JobId job;
  Epoch target_epoch;
  StreamId stream;
  std::uint64_t arena_bytes{0};  // whole
  std::vector<PageRange> ranges;
  GODWIT_FIELDS(job & target_epoch & stream & arena_bytes & ranges)
};

struct Commit {  // source → target: the commit frame. Sent once; after it the source may not thaw by itself
  JobId job;
  Epoch target_epoch;
  Bytes manifest;        // encoded Manifest
  Digest digest;         // of the manifest's bytes and the last round's page digest: see custody/commit.hpp
  Generation generation;  // newest generation of the job's lineage: the target counts on from here
  std::uint64_t checkpoint_epoch{0};  // of that generation; with it the parent's name
  Duration interval_age{0};     // since the last checkpoint by interval: the target counts on from here
  Duration checkpoint_cost{0};  // of the last one; 0: not measured
  GODWIT_FIELDS(job & target_epoch & manifest & digest & generation & checkpoint_epoch & interval_age & checkpoint_cost)
};

struct Accepted {  // target → source and allocator: it runs here
  JobId job;
  Epoch target_epoch;
  std::uint64_t steps{0};
  bool suspended{false};
  bool report{false};  // this is the allocator's copy: both may be on one rank
  GODWIT_FIELDS(job & target_epoch & steps & suspended & report)
};

struct Refused {  // target → source and allocator: it doesn't, and never will under target_epoch
  JobId job;
  Epoch epoch;         // at the source
  Epoch target_epoch;
  Epoch thaw_epoch;
  Failure why;
  bool report{false};  // as in Accepted
  GODWIT_FIELDS(job & epoch & target_epoch & thaw_epoch & why & report)
};

struct MoveFigures {
  std::uint64_t bytes{0};  // manifest + pages
  Duration stopped{0};     // source: frozen until Accepted came in
  Duration transfer{0};    // source: first page sent until last page taken
  GODWIT_FIELDS(bytes & stopped & transfer)
};

struct Departed {  // source → allocator, on Accepted: the source's capsule is released
  JobId job;
  Epoch target_epoch;
  MoveFigures figures;
  GODWIT_FIELDS(job & target_epoch & figures)
};

struct Stayed {  // source → allocator: the move failed and the job goes on here at thaw_epoch
  JobId job;
  Epoch target_epoch;
  Epoch thaw_epoch;
  Failure why;
  GODWIT_FIELDS(job & target_epoch & thaw_epoch & why)
};

struct AbandonMove {  // allocator or source → target; allocator → source
  JobId job;
  Epoch target_epoch;
  Epoch thaw_epoch;
  bool target_fenced{false};  // to the source: the target is dead and fenced; thaw even after the commit frame
  Failure why;
  bool by_source{false};  // an allocator may be on the source's rank: the sender's rank doesn't tell
  GODWIT_FIELDS(job & target_epoch & thaw_epoch & target_fenced & why & by_source)
};

// ---- orders about a running job; answered by OrderDone with the same request

struct CheckpointJob { RequestId request; JobId job; Epoch epoch; GODWIT_FIELDS(request & job & epoch) };
struct SuspendJob { RequestId request; JobId job; Epoch epoch; GODWIT_FIELDS(request & job & epoch) };
struct ResumeJob { RequestId request; JobId job; Epoch epoch; GODWIT_FIELDS(request & job & epoch) };
struct CancelJob { RequestId request; JobId job; Epoch epoch; GODWIT_FIELDS(request & job & epoch) };
// Checkpoint the job and let it go: it waits again, for another host or another time. Answered when its image is durable;
// with a failure it runs on.
struct ParkJob { RequestId request; JobId job; Epoch epoch; GODWIT_FIELDS(request & job & epoch) };
struct CallJob {
  RequestId request;
  JobId job;
  Epoch epoch;
  std::string method;
  std::vector<std::string> arguments;
  GODWIT_FIELDS(request & job & epoch & method & arguments)
};

struct OrderDone {  // host → allocator. failure code "not_here": the job left or ended first; ask again
  RequestId request;
  JobId job;
  std::optional<Failure> failure;
  std::string answer;  // of a call
  GODWIT_FIELDS(request & job & failure & answer)
};

struct CheckpointFigures {
  std::uint64_t bytes{0};
  Duration stopped{0};  // frozen to thawed
  Duration durable{0};  // frozen to fsynced and renamed
  GODWIT_FIELDS(bytes & stopped & durable)
};

struct Checkpointed {  // host → allocator: published and durable, on request or by interval
  JobId job;
  Epoch epoch;
  ImageName image;
  CheckpointFigures figures;
  std::optional<RequestId> request;  // of the CheckpointJob it answers
  GODWIT_FIELDS(job & epoch & image & figures & request)
};

// allocator → host: throw away what needn't be kept of a job's generations. Answered by Pruned, also if nothing was.
struct PruneJob {
  RequestId request;
  JobId job;
  std::vector<ImageName> lineage;  // newest first: what a restore may adopt. All else that is older is nobody's
  std::vector<ImageName> pinned;   // of the job, needed by others: clones that begin from them
  Retention retention;
  bool trial{false};               // only say what would be thrown away
  GODWIT_FIELDS(request & job & lineage & pinned & retention & trial)
};
struct Pruned {  // host → allocator
  RequestId request;
  JobId job;
  std::vector<ImageName> removed;  // names that are gone, or would be
  std::uint64_t removed_bytes{0}, left_bytes{0};
  std::uint32_t left{0};           // generations
  std::optional<Failure> failure;  // why not all that could have been
  GODWIT_FIELDS(request & job & removed & removed_bytes & left_bytes & left & failure)
};

// ---- partner copies: a job's last image in another host's memory (docs/protocol.md, "Partner copies")

struct PartnerIs {  // allocator → host: who keeps the copies of its jobs from now on; none: nobody can
  Rank partner{no_rank};
  GODWIT_FIELDS(partner)
};
struct OfferCopy {  // host → partner, before the job is frozen for it
  JobId job;
  Epoch epoch;
  std::uint64_t arena_bytes{0};
  GODWIT_FIELDS(job & epoch & arena_bytes)
};
struct CopyAwaited {  // partner → host
  JobId job;
  Epoch epoch;
  std::optional<Failure> refusal;
  GODWIT_FIELDS(job & epoch & refusal)
};
// These pages follow on this stream, packed. From a job's host to its partner; or from there to the host at which the
// job is to go on: then `epoch` is the one at which it will.
struct CopyRound {
  JobId job;
  Epoch epoch;
  bool adopting{false};
  std::uint64_t number{0};  // of this copy; counted by the job's host
  std::uint64_t base{0};    // the copy that it changes; 0: none, these are all pages
  StreamId stream;
  std::uint64_t arena_bytes{0};   // whole
  std::uint64_t memory_bytes{0};  // the most that the job may ever take; 0: no limit
  std::vector<PageRange> ranges;
  GODWIT_FIELDS(job & epoch & adopting & number & base & stream & arena_bytes & memory_bytes & ranges)
};
struct CopyLabel {  // what a copy is, beside its pages
  Bytes manifest;                     // encoded Manifest
  Generation generation;  // the newest that had been begun when it was taken: the target counts on from here
  Duration interval_age{0};
  Duration checkpoint_cost{0};
  GODWIT_FIELDS(manifest & generation & interval_age & checkpoint_cost)
};
struct CopySeal {  // after its pages have left: the copy counts once this agrees with what came
  JobId job;
  Epoch epoch;
  bool adopting{false};
  StreamId stream;
  CopyLabel label;
  Digest digest;  // commit_digest() of manifest, epoch and pages
  GODWIT_FIELDS(job & epoch & adopting & stream & label & digest)
};
struct CopyKept {  // partner → host: from now on the next one may be told as a change of this
  JobId job;
  Epoch epoch;
  std::uint64_t number{0};
  std::optional<Failure> failure;  // it isn't: the next one must be whole
  GODWIT_FIELDS(job & epoch & number & failure)
};
struct CopyHere {  // partner → allocator: the first of that epoch is whole; or it isn't kept any more
  JobId job;
  Epoch epoch;
  bool gone{false};
  GODWIT_FIELDS(job & epoch & gone)
};
struct DropCopy {  // allocator or the job's host → partner: of this epoch, or an older one
  JobId job;
  Epoch epoch;
  bool by_source{false};  // as in AbandonMove
  GODWIT_FIELDS(job & epoch & by_source)
};
struct WantCopy {  // host → partner of another: the job is to go on here
  JobId job;
  Epoch epoch;  // at which it will
  Epoch of;     // the copy's
  GODWIT_FIELDS(job & epoch & of)
};
struct CopyRefused {  // its answer, if no CopyRound is
  JobId job;
  Epoch epoch;
  Failure why;
  GODWIT_FIELDS(job & epoch & why)
};

struct MoveWanted {  // host → allocator: the job called move_to()
  JobId job;
  Epoch epoch;
  Rank target;         // no_rank: the best
  bool probed{false};  // it didn't: the two hosts have agreed on it, for balance
  GODWIT_FIELDS(job & epoch & target & probed)
};

// ---- probing: hosts that find each other (policy/probing.hpp). Nothing follows from an answer but a MoveWanted

struct Probe {  // host → host
  RequestId request;
  bool gives{false};  // it has a job to give: will you take it? Else it would take one: have you any?
  GODWIT_FIELDS(request & gives)
};
struct ProbeAnswer {
  RequestId request;
  bool agrees{false};
  GODWIT_FIELDS(request & agrees)
};

struct HeldJob {
  JobId job;
  Epoch epoch;
  std::string type, name, state;  // state: as in cmd::HeldRow
  std::uint64_t steps{0};
  Progress progress;
  std::uint64_t arena_bytes{0};
  Duration step_age{0};
  GODWIT_FIELDS(job & epoch & type & name & state & steps & progress & arena_bytes & step_age)
};
struct ListHeld {  // allocator → host: what do you hold?
  RequestId request;
  GODWIT_FIELDS(request)
};
struct HeldJobs {  // host → allocator
  RequestId request;
  std::vector<HeldJob> jobs;
  GODWIT_FIELDS(request & jobs)
};

struct Trouble {  // host → allocator: something that a user should know, and that no order was waiting for
  JobId job;      // 0: the host itself
  Failure what;
  GODWIT_FIELDS(job & what)
};

// ---- the end of the world

struct Quiesce {  // allocator → host: checkpoint every job, release it, and say Quiesced
  GODWIT_FIELDS(nothing)
  std::uint8_t nothing{0};
};
struct Quiesced {  // host → allocator: each job's last image was reported by Checkpointed before this
  std::vector<std::pair<JobId, Failure>> unsaved;  // jobs whose last checkpoint failed
  GODWIT_FIELDS(unsaved)
};
struct Leave {  // allocator → host: exit now
  GODWIT_FIELDS(nothing)
  std::uint8_t nothing{0};
};

// ---- managers: docs/protocol.md, "Managers"

// One message of a host to the allocator, or back, on its way by whatever route: custody/channel.hpp makes of these
// an order in which nothing is missing and nothing comes twice. A manager passes on what isn't meant for its own rank.
struct Parcel {
  enum class Haste : std::uint8_t {
    none,  // with the next ones
    news,  // unless a core is idle for want of an answer to it
    soon,  // somebody waits for it
  };
  Rank host, allocator;
  Term term;       // of that allocator
  bool up{false};  // from the host
  Haste haste{};
  std::uint64_t number{0};  // from 1 on, in each direction
  std::uint64_t seen{0};    // all up to that one of the other direction have come
  Bytes message;            // encoded
  GODWIT_FIELDS(host & allocator & term & up & haste & number & seen & message)
};

// Who speaks for this host from now on, and for whom the manager does. A later one has a higher version; what was
// ordered under another than the present one is not obeyed.
struct Managed {  // allocator → host
  Rank manager{no_rank};  // none: each host speaks for itself, and says Regrouped
  std::uint64_t version{0};
  std::vector<Rank> members;  // to the manager: with itself
  Duration gather{0};         // likewise: how long what nobody waits for may wait for more
  GODWIT_FIELDS(manager & version & members & gather)
};
// host → allocator: it obeys no hand-on of a version before this one any more. What it has here.
struct Regrouped {
  std::uint64_t version{0};
  std::vector<JobEpoch> held;
  GODWIT_FIELDS(version & held)
};
struct Recall {  // allocator → manager: others have room for so many of the jobs that wait there
  std::uint32_t count{0};
  GODWIT_FIELDS(count)
};
struct GivenBack {  // manager → allocator: they waited there, and no host of the group has them or will have them
  std::vector<JobEpoch> jobs;
  GODWIT_FIELDS(jobs)
};
struct HandOn {  // manager → host: start this
  Term term;
  std::uint64_t version{0};
  StartJob start;
  GODWIT_FIELDS(term & version & start)
};
struct Room {  // host → manager, whenever it changes
  Term term;
  std::uint64_t version{0};
  std::int32_t free{0};      // cores without a job
  std::uint64_t handed{0};   // so many hand-ons of this version have come
  auto operator<=>(Room const&) const = default;
  GODWIT_FIELDS(term & version & free & handed)
};

using Message =
    std::variant<Hello, Welcome, Heartbeat, HeartbeatSeen, Poll, AskVote, Vote, TermIs, Holdings, ReportsSeen, StartJob,
                 ClaimOutputs, OutputsClaimed, JobStarted, JobEnded, PrepareArrival, ArrivalReady, Round, Commit, Accepted,
                 Refused, Departed, Stayed, AbandonMove, CheckpointJob, SuspendJob, ResumeJob, CancelJob, ParkJob, CallJob, OrderDone,
                 Checkpointed, PruneJob, Pruned, MoveWanted, Probe, ProbeAnswer, ListHeld, HeldJobs, Trouble, Quiesce, Quiesced, Leave,
                 Parcel, Managed, Regrouped, Recall, GivenBack, HandOn, Room, PartnerIs, OfferCopy, CopyAwaited, CopyRound, CopySeal,
                 CopyKept, CopyHere, DropCopy, WantCopy, CopyRefused>;

}  // namespace godwit::msg

namespace godwit {
using msg::Message;
}
#undef GODWIT_FIELDS
