// Core: the host's state and its handlers, private to this folder. One source file per purpose:
//   host.cpp        events to handlers                holdings.cpp     finding, making, releasing; timers
//   membership.cpp  hello, heart-beats, lease         starting.cpp     StartJob, and how a job ends
//   halting.cpp     freeze and thaw, in one place     departures.cpp   the source's half of a move
//   images.cpp      from which image a job begins
//   arrivals.cpp    the target's half                 orders.cpp       suspend, resume, cancel, call
//   checkpoints.cpp on request, by interval           quiesce.cpp      the end of the world
//   queue.cpp       jobs granted ahead of their room   limits.cpp       of steps and of running time
//   inquiries.cpp   what is held here                 reports.cpp      what a new allocator is told
//   terms.cpp       whom it obeys; votes, succession  group.cpp        its manager
//   probing.cpp     hosts that find each other     copies.cpp       of its jobs, for its partner
//   keeping.cpp     copies of others' jobs         adopting.cpp     the start from a copy
//
// Whoever wants a job frozen or let go says so in the holding and calls settle(): no one else freezes
// or thaws. A holding may be gone after release(), refuse(), end_job() and settle(): don't touch it then.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "custody/ballot.hpp"
#include "custody/candidacy.hpp"
#include "host/cores.hpp"
#include "host/holding.hpp"
#include "host/host.hpp"
#include "host/identities.hpp"
#include "host/keeping.hpp"
#include "host/probing.hpp"
#include "host/queue.hpp"
#include "host/reports.hpp"

namespace godwit::host {

enum class TimerKind : std::uint8_t {
  beat, orphan, succession, departure, checkpoint, interval, limits, quiesce, reading, probe, copy, adoption
};

struct Timer {
  TimerKind kind{};
  CapsuleId capsule{};  // of the holding it is about
};

// A checkpoint on its way to the store; outlives its holding.
struct Writing {
  JobId job;
  Epoch epoch;
  CapsuleId capsule;
  Generation generation;
  Instant frozen_at;
  Duration stopped{0};
  bool staged{false};
  bool due{false};
  std::vector<RequestId> requests;
};

// Who speaks for this host, as the allocator of that term said last.
struct Group {
  Term term;
  std::uint64_t version{0};
  Rank manager{no_rank};
  std::uint64_t handed{0};        // hand-ons that have come since
  std::optional<msg::Room> told;  // to the manager
};

struct Host::Core {
  Core(Rank self_, Settings settings_)
      : self(self_),
        settings(std::move(settings_)),
        ballot(self_),
        cores(settings.own_cpus, settings.other_cpus),
        identities(settings.has.resources) {
    if (settings.probing) probing.emplace(*settings.probing, self_);
  }
  void step(Instant at, Event const& event, Effects& effects);

  // events
  void on(Began const& event);
  void on(Received const& event);
  void on(TimerFired const& event);
  void on(LoadRead const& event);
  void on(PagesSent const& event);
  void on(PagesReceived const& event);
  void on(PeerDied const& event);
  void on(CountedOut const&);
  void leave(int code);
  void on(CapsuleEvent const& event);
  void on(StoreEvent const& event);
  void on(RoundEvent const& event);

  // messages
  void on(Rank from, msg::Welcome const& message);
  void on(Rank, msg::HeartbeatSeen const& message);
  void on(Rank, msg::Poll const& message);
  void on(Rank, msg::StartJob const& message);
  void on(Rank, msg::OutputsClaimed const& message);
  void on(Rank, msg::PrepareArrival const& message);
  void on(Rank from, msg::ArrivalReady const& message);
  void on(Rank from, msg::Round const& message);
  void on(Rank from, msg::Commit const& message);
  void on(Rank, msg::Accepted const& message);
  void on(Rank from, msg::Refused const& message);
  void on(Rank from, msg::AbandonMove const& message);
  void on(Rank, msg::CheckpointJob const& message);
  void on(Rank, msg::PruneJob const& message);
  void on(Rank, msg::SuspendJob const& message);
  void on(Rank, msg::ResumeJob const& message);
  void on(Rank, msg::CancelJob const& message);
  void on(Rank, msg::ParkJob const& message);
  void on(Rank, msg::CallJob const& message);
  void on(Rank, msg::Quiesce const&);
  void on(Rank, msg::Leave const&);
  void on(Rank, msg::ReportsSeen const& message);
  void on(Rank, msg::Managed const& message);
  void on(Rank from, msg::HandOn const& message);
  void on(Rank from, msg::AskVote const& message);
  void on(Rank from, msg::Vote const& message);
  void on(Rank from, msg::Probe const& message);
  void on(Rank from, msg::ProbeAnswer const& message);
  void on(Rank, msg::PartnerIs const& message);
  void on(Rank from, msg::OfferCopy const& message);
  void on(Rank from, msg::CopyAwaited const& message);
  void on(Rank from, msg::CopyRound const& message);
  void on(Rank from, msg::CopySeal const& message);
  void on(Rank from, msg::CopyKept const& message);
  void on(Rank, msg::DropCopy const& message);
  void on(Rank from, msg::WantCopy const& message);
  void on(Rank from, msg::CopyRefused const& message);
  template <class Other>
  void on(Rank from, Other const&) {
    misdirected(from);
  }  // a message for the allocator
  void misdirected(Rank from);

  // capsules
  void on(Holding& held, capsule::Prepared const& event);
  void on(Holding& held, capsule::Running const& event);
  void on(Holding& held, capsule::Frozen const& event);
  void on(Holding& held, capsule::Suspended const&);
  void on(Holding& held, capsule::Resumed const&);
  void on(Holding& held, capsule::Called const& event);
  void on(Holding& held, capsule::WantsMove const& event);
  void on(Holding& held, capsule::Ended const& event);
  void on(Holding& held, capsule::Died const& event);
  void on(Holding& held, capsule::Failed const& event);

  // the store
  void on(stored::Staged const& event);
  void on(stored::Written const& event);
  void on(stored::Verified const& event);
  void on(stored::Loaded const& event);
  void on(stored::Reserved const& event);
  void on(stored::Pruned const& event);

  // rounds of copies
  void on(rounds::Gathered const& event);
  void on(rounds::Scattered const& event);

  // holdings
  Holding& hold(msg::PrepareArrival const& arrival);
  Holding& hold(msg::StartJob const& start, Kept const* copy, bool from_copy);
  Holding& hold(CapsuleOrder order, Epoch epoch);  // order.capsule 0: a new one
  Holding* by_capsule(CapsuleId capsule);
  Holding* live_at(JobId job, Epoch epoch);
  Holding* arrival_at(JobId job, Epoch target_epoch);
  Holding* departing(JobId job, Epoch target_epoch);
  std::vector<CapsuleId> capsules_of(JobId job) const;
  std::vector<CapsuleId> all_capsules() const;
  Holding* newest_of(JobId job);  // the holding with the highest epoch; released ones apart
  // A higher epoch comes here. A committed copy may be kept for the Accepted that is on its way.
  void supersede(JobId job, Epoch epoch, bool keep_committed);
  void release(Holding& held, bool kill = true);
  void unpin(Holding& held);
  void forget_if_unused(Holding& held);
  RequestId arm(Duration after, TimerKind kind, CapsuleId capsule = {});
  void disarm(std::optional<RequestId>& timer);
  RequestId new_request() { return last_request = last_request.next(); }
  RequestId ask(Holding const& held);    // a request of the store about this holding
  Holding* answered(RequestId request);  // who asked; once

  // membership
  void beat(LoadRead const& event);
  void take_lease(Instant until);
  void expect_allocator(Instant lease_end);
  void abandon_world();

  // terms
  bool obeys(Rank from, Term term);
  void adopt(Rank from);
  [[nodiscard]] std::set<Rank> dead_ranks() const;
  [[nodiscard]] std::set<Rank> electorate() const;
  [[nodiscard]] std::set<Rank> surely_ended() const;
  [[nodiscard]] Instant turn_to_ask() const;
  void expect_succession();
  void succession_due();
  void stand(custody::Candidacy::Standing standing);

  // limits
  void watch_limits(Holding& held);
  void check_limits(Holding& held);

  // inquiries
  void on(Rank, msg::ListHeld const& message);
  [[nodiscard]] msg::HeldJob describe(Holding const& held) const;
  [[nodiscard]] Duration step_age(Holding const& held) const;

  // reports
  void meet_allocator(Rank allocator);
  [[nodiscard]] msg::Held sum_up(Holding const& held) const;

  // its group
  void leave_group();
  void tell_room();

  // probing
  [[nodiscard]] bool may_probe() const;
  [[nodiscard]] std::int32_t cores_wanted() const;
  void look_whom_to_probe();
  [[nodiscard]] bool takes_one() const;
  void meet_others();
  void ask(policy::Probe const& probe);
  void end_round();
  void refused();
  [[nodiscard]] Holding* offer();
  bool give_to(Rank target);

  // the queue
  void start_queued();
  [[nodiscard]] std::int32_t cores_taken() const;
  [[nodiscard]] bool has_room_for(JobSpec const& spec) const;

  // starting and ending
  [[nodiscard]] std::string lacks(std::map<std::string, std::int32_t> const& resources) const;
  void begin_start(msg::StartJob const& message);
  Holding& hold_start(msg::StartJob const& message, Kept const* copy = nullptr);
  void go_on_starting(Holding& held);
  void become_live(Holding& held, capsule::Running const& event);
  void end_job(Holding& held, Outcome outcome, bool kill = false);
  void fail_start(Holding& held, std::string reason, bool kill, Ending ending = Ending::failed);

  // images
  void verify_images(Holding& held);
  bool reads_again(Holding& held, Failure const& why);
  void next_image(Holding& held, Failure bad);
  void no_image(Holding& held, Failure const& bad);

  // copies
  void copy_due(Holding& held);
  void copy_later(Holding& held);
  void gather_copy(Holding& held);
  bool round_sent(PagesSent const& event);
  void give_up_copy(Holding& held);
  void forget_partner(Rank partner, bool died);

  // keeping
  [[nodiscard]] std::uint64_t kept_bytes(JobId except) const;
  [[nodiscard]] Kept* kept_of(JobId job);
  [[nodiscard]] bool is_of_use(Rank from, msg::CopyRound const& round);
  bool round_came(PagesReceived const& event);
  void judge_round(std::pair<Rank, StreamId> name);
  void refuse_round(Rank from, Incoming const& round, Failure why);
  void copy_is_kept(Rank from, JobId job, Epoch epoch, std::uint64_t number, bool fresh);
  void forget_copy(Kept& copy);
  void forget_copy_if_unused(Kept& copy);
  void lend(Rank to, Kept& copy, Epoch epoch);
  bool lent(PagesSent const& event);
  bool no_arena_for_copy(CapsuleId capsule);
  void source_died(Rank source);

  // adopting
  [[nodiscard]] Kept* own_copy_for(msg::StartJob const& message);
  void adopt(msg::StartJob const& message, Kept& copy);
  void take_copy(Holding& held);
  void copy_has_come(Holding& held);
  void adoption_patience(Holding& held);
  void begin_from_copy(Holding& held);
  void go_on_without_copy(Holding& held, Failure const& why);
  void keeper_is_gone(Rank keeper, bool died);

  // halting
  void settle(Holding& held);
  bool image_wanted(Holding const& held) const;
  bool saved_for_good(Holding const& held) const;
  bool must_stay_frozen(Holding const& held) const;
  void freeze(Holding& held);
  void thaw(Holding& held);
  [[nodiscard]] bool stands_still(Holding const& held) const;
  Failure no_safe_point(Holding const& held) const;

  // departures
  void send_image(Holding& held);
  void stay(Holding& held, Failure why, bool tell_target);  // its departure was closed already
  void never_left(Rank target, JobId job, Epoch target_epoch, Epoch thaw_epoch, Failure const& why);
  void withdraw(Holding& held, Failure why);  // while that is still up to us
  void departure_patience(Holding& held);
  void abandon_departure(Rank from, msg::AbandonMove const& message);

  // arrivals
  void refuse(Holding& held, Failure why, bool kill = true);
  void unexpected(Rank from, JobId job, Epoch target_epoch, char const* what);
  void say_refused(custody::Arrival const& arrival, JobId job, Failure const& why);
  void judge(Holding& held, custody::Arrival::Verdict verdict);
  void accept(Holding& held, capsule::Running const& event);
  void abandon_arrival(Rank from, Holding& held, msg::AbandonMove const& message);

  // orders
  void give(Holding& held, Order const& order);
  void give_deferred(Holding& held);
  void bounce_orders(Holding& held);
  void done(RequestId request, JobId job, std::optional<Failure> failure = {}, std::string answer = {});
  bool stopping(RequestId request, JobId job);
  void order(JobId job, Epoch epoch, Order const& order);

  // checkpoints
  void want_image(Holding& held);
  void write_image(Holding& held);
  void staged(RequestId request, Writing& writing);
  void tell(Writing const& writing, stored::Written const& event, Duration durable);
  void begin_interval(Holding& held);
  [[nodiscard]] Duration age_of_interval(Holding const& held) const;
  void interval_due(Holding& held);
  void checkpoint_patience(Holding& held);

  // parking
  [[nodiscard]] bool parked_for_good(Holding const& held) const;
  void park(Holding& held);
  void go_on_here(Holding& held, Failure const& why);
  void keep_the_parking();

  // quiesce
  void quiesce(Holding& held);
  void quiesce_patience();
  void quiesced_if_done();
  void lose(Holding& held, Failure why);  // its last image couldn't be taken

  template <class E>
  void emit(E effect) {
    out->emplace_back(std::move(effect));
  }
  template <class M>
  void send(Rank to, M message) {
    out->emplace_back(Send{to, Message{std::move(message)}});
  }
  // The allocator. While there is none (it voted, and nobody has begun), what is told is told to nobody.
  template <class M>
  void tell(M message) {
    if (auto const allocator = ballot.allocator(); allocator != no_rank) send(allocator, std::move(message));
  }
  // Likewise, and kept until it is in the ledger: a new allocator is told again.
  template <class M>
  void report(M message) {
    reports.add(message);
    tell(std::move(message));
  }
  void note(Level level, JobId job, Epoch epoch, std::string text);

  Rank self;
  Settings settings;
  Instant now;            // of this step
  Effects* out{nullptr};  // of this step

  // whom it obeys
  custody::Ballot ballot;
  std::optional<custody::Candidacy> candidacy;
  bool was_elected{false};  // once: an allocator may have been beside this host
  std::optional<RequestId> succession_timer;
  std::int32_t ranks{0};  // 0: this host never takes over
  Term newest_heard;      // by others
  Instant seen;           // the newest `at` of the allocator
  std::set<Rank> lost;    // hosts that it counts as dead
  bool all_joined{false};  // as it says
  std::map<Rank, Instant> dead;  // whose processes have ended; what they sent before may still come in

  // membership
  Duration heartbeat_every{0}, lease{0};
  std::optional<Instant> leased_until;  // none: nobody has welcomed this host, and capsules know of no lease
  Instant said_hello;
  std::optional<RequestId> beat_timer, orphan_timer;
  bool beat_wanted{false};
  std::optional<Instant> beat_outstanding;
  std::map<RequestId, RequestId> prunings;  // ours → the allocator's
  Duration failures_every{0};               // as the allocator says; 0: it hasn't
  std::vector<RequestId> inquiries;  // to be answered with what is read next
  bool left{false};

  bool closed{false};  // it takes no jobs, as the allocator says
  std::optional<ProbingState> probing;

  Reports reports;
  Rank greeted{allocator_rank};  // the allocator that knows what was held when it welcomed this host

  Group group;

  Rank partner{no_rank};                  // keeps the copies of this host's jobs
  std::map<RequestId, Outgoing> outgoing;  // rounds to it
  std::map<std::pair<Rank, StreamId>, RequestId> sending_rounds;
  std::map<JobId, CapsuleId> copies;  // of others' jobs, in arenas of these ids
  std::map<CapsuleId, Kept> kept;     // those, and others that something refers to still
  std::map<std::pair<Rank, StreamId>, Incoming> incoming;
  std::map<RequestId, std::pair<Rank, Incoming>> scattering;
  std::map<std::pair<Rank, StreamId>, std::pair<CapsuleId, Epoch>> lending;

  Queue queue;  // granted, and waiting for room
  Cores cores;
  Identities identities;

  // what is held
  std::map<CapsuleId, Holding> holdings;
  std::set<std::pair<JobId, CapsuleId>> capsules;
  std::map<RequestId, Timer> timers;
  std::map<RequestId, CapsuleId> asked;
  std::map<RequestId, Writing> writings;
  std::map<std::pair<Rank, StreamId>, CapsuleId> sending, receiving;
  CapsuleId last_capsule{0};
  RequestId last_request{0};
  StreamId last_stream{0};

  // the end of the world
  bool counted_out{false};
  bool quiescing{false}, quiesced{false};
  std::optional<RequestId> quiesce_timer;
  std::vector<std::pair<JobId, Failure>> unsaved;
};

// Is it of the job's own lineage?
[[nodiscard]] bool is_own(JobId job, msg::ImageName const& image);

}  // namespace godwit::host
