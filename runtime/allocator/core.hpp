// Core: the allocator's state and its handlers, private to this folder.
//
// The ledger says who has custody; everything here is derived from it or belongs to the moment: who is
// heard from, which operation is open on a job and who waits for its outcome. One step handles one event,
// then grants what can be granted, serves the desks whose turn came, and goes on with a shutdown.
//
// The handlers are spread over the files by purpose: README.md lists them.
//
// Of an array only the elements in flight are known here one by one; the others are intervals in the
// ledger. An element's record may be gone after any journal(): see Ledger::find.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "allocator/allocator.hpp"
#include "allocator/balancing.hpp"
#include "allocator/entries.hpp"
#include "allocator/groups.hpp"
#include "base/indexed_map.hpp"
#include "base/rank_set.hpp"
#include "base/table.hpp"
#include "custody/authority.hpp"
#include "policy/balance.hpp"
#include "policy/partner.hpp"
#include "policy/placement.hpp"
#include "policy/scheduler.hpp"

namespace godwit::allocator {

inline constexpr RequestId watch_timer{1};   // who is late, who is dead
inline constexpr RequestId leases_timer{2};  // a former world's leases have run out
inline constexpr RequestId first_request{16};

struct Allocator::Core {
  Core(Settings settings_given, Ledger ledger_given);

  void step(Instant at, WallTime wall_time, Event const& event, Effects& effects);

  // ---- events
  void on(Began const& event);
  void on(Received const& event);
  void on(TimerFired const& event);
  void on(CommandReceived const& event);
  void on(TypesFound const& event);
  void on(PeerDied const& event);
  void on(StopWanted const& event);
  void on(JournalBroken const& event);
  void on(Confirmed const& event);

  // ---- messages. Those that a host has no business sending are noted and dropped.
  void hear(Rank from, msg::Hello const& message);
  void hear(Rank from, msg::Heartbeat const& message);
  void hear(Rank from, msg::ClaimOutputs const& message);
  void hear(Rank from, msg::JobStarted const& message);
  void hear(Rank from, msg::JobEnded const& message);
  void hear(Rank from, msg::Accepted const& message);
  void hear(Rank from, msg::Refused const& message);
  void hear(Rank from, msg::Departed const& message);
  void hear(Rank from, msg::Stayed const& message);
  void hear(Rank from, msg::OrderDone const& message);
  void hear(Rank from, msg::Checkpointed const& message);
  void hear(Rank from, msg::Pruned const& message);
  void hear(Rank from, msg::MoveWanted const& message);
  void hear(Rank from, msg::Trouble const& message);
  void hear(Rank from, msg::HeldJobs const& message);
  void hear(Rank from, msg::Quiesced const& message);
  void hear(Rank from, msg::Holdings const& message);
  void hear(Rank, msg::TermIs const&) {}  // its own term: the answer to what a former allocator on this rank had said
  void hear(Rank from, msg::Regrouped const& message);
  void hear(Rank from, msg::GivenBack const& message);
  void hear(Rank from, msg::CopyHere const& message);
  template <class Other>
  void hear(Rank from, Other const& message) {
    strange(from, Message(message));
  }
  void strange(Rank from, Message const& message);

  // ---- effects (allocator.cpp)
  void journal(LedgerEvent event);
  void send(Rank to, Message message);
  void send_unjournalled(Rank to, Message message);
  void reply(CommandId command, Answer answer);
  void refuse(CommandId command, Failure why);
  void note(Level level, JobId job, Epoch epoch, std::string text);
  [[nodiscard]] JobRecord const* record_of(JobId job) const { return ledger.find(job); }
  [[nodiscard]] msg::JobReport const* report_of(JobId job) const;
  msg::JobReport& keep_report(JobId job);
  RequestId new_request();
  [[nodiscard]] bool serving() const { return shutdown.phase == Phase::open; }

  void index_jobs(std::vector<JobId> const& unfinished);
  void wait_for_old_leases();

  // ---- seats.cpp
  void reseat(JobId job);
  [[nodiscard]] JobSpec const& spec_of(JobId job) const;
  void occupy(JobRecord const& record, Rank host);
  void vacate(JobId job, Rank host);
  void line_up(JobId array);
  void leave_line(JobId array);
  void describe(Rank host, msg::Hello const& hello);
  void note_spare(Rank host);
  [[nodiscard]] bool is_open(Rank host) const;
  [[nodiscard]] bool is_standby(Rank host) const;
  [[nodiscard]] bool lacks_a_host() const;
  void tell_scheduler(Rank host);

  // ---- takeover.cpp
  void take_over(Began const& event);
  [[nodiscard]] bool awaiting() const;
  void reconcile(JobId job, Rank host, std::vector<msg::Held> const& held);
  void reconcile_move(JobRecord const& record, Rank host, std::vector<msg::Held> const& held);
  void reconcile_stray(Rank host, msg::Held const& held);
  void nobody_has(JobRecord const& record, Failure const& why);
  void park(JobRecord const& record);
  void wait_again(JobRecord const& record);
  void answer_late_claims();
  // ---- leading.cpp
  void begin_world(Began const& event);
  void begin_term(Began const& event);
  void lose(Rank host, bool proven);
  [[nodiscard]] bool leads() const { return authority.leads(now); }
  void tell_lead();
  void give_up_if_forlorn();
  void step_down(Level level, std::string const& why);
  void step_down_before(Rank from, Term newer);

  // ---- groups.cpp
  [[nodiscard]] std::string group_of(Rank rank) const;
  [[nodiscard]] Group* managed_group(Rank rank);
  [[nodiscard]] Rank manager_of(Rank rank) const;
  [[nodiscard]] bool may_be_managed(Rank rank) const;
  void look_after_groups();
  void form(std::string const& name, Group& group, std::vector<Rank> const& ranks);
  void dissolve(std::string const& name, Group& group);
  void dissolve_all();
  void has_answered(Rank host, std::string const& name, Group& group);
  void group_loses(Rank host);
  void settle(std::string const& name, Group& group);
  void doubt_former_groups();
  void has_said_all(Rank host);

  // ---- hand_ons.cpp
  void learn_time(JobRecord const& record, Outcome const& outcome);
  void keep_group_pace(Rank host);
  [[nodiscard]] std::optional<Duration> known_time(JobId job) const;
  [[nodiscard]] std::optional<std::string> group_ahead(JobId job) const;
  void grant_to_group(JobId job, std::string const& name);
  [[nodiscard]] Rank group_seat(JobId job) const;
  void assume_next(Rank host);
  void forget_grouped(JobId job, Rank holder);
  void learn_holder(JobId job, Epoch epoch, Rank host);
  void waits_again_unseen(JobId job);
  [[nodiscard]] bool is_in_doubt(JobRecord const& record) const;
  void recall();

  // ---- membership.cpp
  void welcome(Rank host);
  void lease(Rank from, msg::Heartbeat const& message);
  void confirm_reports(Rank host, HostEntry& entry);
  void watch();
  void expect_to_watch();
  void die(Rank host, bool proven, std::string const& how);
  [[nodiscard]] bool is_out_of_lease(HostEntry const& host) const;
  void fence(Rank host);
  void close_departures_of(Rank dead);
  void end_if_alone();
  [[nodiscard]] std::optional<Failure> not_a_live_host(Rank host) const;
  [[nodiscard]] std::string known_hosts() const;

  // ---- submit.cpp
  void submit(CommandReceived const& event, cmd::Submit const& command);
  void list_types(CommandId command, std::string const& type);
  void look_up(CommandId command, std::string const& type);
  void found_for_submit(Lookup const& lookup, TypesFound const& found);

  // ---- accept.cpp
  void accept_submit(PendingSubmit& pending);
  [[nodiscard]] std::optional<Failure> fault_of(JobArray& array, PendingSubmit const& pending) const;
  [[nodiscard]] Result<std::vector<Decision>> decide(std::vector<JobArray>& jobs, bool adopt) const;
  [[nodiscard]] Result<Decision> decide_one(std::vector<JobArray> const& jobs, std::size_t index,
                                            std::vector<Decision> const& made) const;
  [[nodiscard]] JobArray work_of(JobId job) const;
  [[nodiscard]] bool has_started(JobId job) const;
  void take_in(JobId job, JobArray array);
  void queue_up(JobId job);

  // ---- after.cpp
  [[nodiscard]] Result<std::vector<std::size_t>> order_by_dependence(std::vector<JobArray>& jobs,
                                                                     std::vector<Decision>& decisions) const;
  void hold_back(JobId job);
  [[nodiscard]] std::optional<std::string> never_to_start(JobId job) const;  // why
  void look_at_dependents();

  // ---- arrays.cpp
  void cancel_elements(JobId array, Intervals const& elements, std::string const& reason);
  void cancel_waiting(JobId job, std::string const& reason);
  void enforce_max_failed(JobId array);
  [[nodiscard]] bool worth_a_note(JobId job);

  // ---- grants.cpp
  void grant_all();
  [[nodiscard]] bool gathering() const;
  void grant_ahead();
  [[nodiscard]] std::optional<Rank> host_ahead(JobId job) const;
  [[nodiscard]] std::int32_t room_ahead(HostEntry const& host, Duration pace) const;
  [[nodiscard]] Paces const* paces_of(JobId job) const;
  void keep_pace(JobId job, Rank host);
  void forget_if_over(JobId array);
  void grant(JobId job, Rank host, std::optional<log::Placing> why, bool to_group = false);
  [[nodiscard]] log::Placing placing_of(policy::Reason const& reason) const;
  void over_there(Rank from, msg::JobEnded const& message);
  void crashed(JobRecord const& record, Outcome const& outcome);
  void ended(JobId job, Outcome const& outcome);

  // ---- losses.cpp
  void lost(JobId job, Rank host);
  void clear_desk_but_cancel(JobId job, Failure const& why);
  void let_go(JobRecord const& record, Operation const& operation);

  // ---- forgetting.cpp
  void note_over(JobId job);
  void no_longer_over(JobId job);
  void forget_old();
  [[nodiscard]] bool may_be_forgotten(JobId job) const;
  void forget_traces(JobId job);

  // ---- waits.cpp
  void wait(CommandId command, cmd::Wait const& wanted);
  void settle(JobId job, bool for_good = true);
  void unsettle(JobId job);
  void settled(std::uint64_t how_many, CommandId command);
  void settle_elements(JobId array, Intervals const& elements);

  // ---- copies.cpp
  void note_partners_wanted(JobSpec const& spec);
  void look_after_partners();
  void learn_copy(Rank keeper, msg::JobEpoch const& of);
  void outdate_copy(JobId job, std::optional<Epoch> epoch);
  void lose_copies_at(Rank host);
  [[nodiscard]] std::optional<msg::CopyAt> copy_of(JobId job) const;

  // ---- outputs.cpp
  void give_up_outputs(JobId job);

  // ---- desks.cpp
  void ask(JobId job, Operation operation);
  void serve(JobId job);
  void begin(JobRecord const& record, Operation operation);
  void answer(Asked const& asked, cmd::Act act);
  void close(JobId job, cmd::Act act);
  void clear_desk(JobId job, Failure const& why);
  void forget_if_idle(JobId job);
  [[nodiscard]] std::optional<Failure> obstacle(JobRecord const& record, Operation const& operation) const;

  // ---- moves.cpp
  void begin_move(JobRecord const& record, Operation const& operation);
  void moved(JobRecord const& record);
  void stayed(JobRecord const& record, Failure const& why);
  void lost_source(JobRecord const& record);
  void lost_target(JobRecord const& record);
  void press_moves();
  void press(JobRecord const& record, Desk& desk);
  void answer_move(Asked const& asked, JobId job, Rank source, Rank target,
                   std::optional<msg::MoveFigures> figures);
  [[nodiscard]] std::optional<Rank> best_target(Rank source) const;
  [[nodiscard]] Desk* desk_of_move(JobId job, Epoch target_epoch);

  // ---- orders.cpp
  void begin_order(JobRecord const& record, Operation const& operation);
  void order_done(JobRecord const& record, Desk& desk);
  void keep_word(JobRecord const& record, bool suspended_there);
  void tell_word(JobRecord const& record);
  void resume_when_it_starts(JobRecord const& record, Operation const& operation);
  void written_on_request(msg::Checkpointed const& message);

  // ---- clones.cpp
  void begin_clone(JobRecord const& record, Operation const& operation);
  void clone_from(JobId job, msg::Checkpointed const& message);
  void make_clone(JobRecord source, Operation const& operation, std::optional<log::ImageOf> image,
                  std::optional<msg::CheckpointFigures> figures);
  void answer_clones();
  // ---- retry.cpp
  void retry(CommandReceived const& event, cmd::Retry const& command);
  [[nodiscard]] std::vector<cmd::Act> retry_all(std::vector<JobId> jobs,
                                                std::vector<std::pair<JobId, Intervals>> never_begun, bool afresh);
  [[nodiscard]] cmd::Act retry_one(JobId job, bool afresh);
  [[nodiscard]] cmd::Act retry_never_begun(JobId array, Intervals const& elements);
  [[nodiscard]] std::optional<Failure> unready(JobId job) const;
  void reopen(JobId job, std::uint64_t how_many);
  void reopen(JobId array, Intervals const& elements);

  // ---- pruning.cpp
  void prune(CommandReceived const& event, cmd::Prune const& command);
  void prune_now(JobRecord const& record, Retention const& retention, Rank host, Pruning pruning);
  void prune_if_wanted(JobId job, Rank host);
  void relieve_store();
  void note_heir(JobRecord const& record);
  void give_up_prunings_of(Rank host);
  void end_pruning(JobId job, std::optional<Failure> why);
  [[nodiscard]] std::vector<msg::ImageName> pinned_of(JobId job) const;
  [[nodiscard]] Rank pruner(JobRecord const& record) const;

  // ---- restart.cpp
  void restart(CommandReceived const& event, cmd::Restart const& command);
  [[nodiscard]] Result<log::ImageOf> generation_of(JobRecord const& record, cmd::Restart const& command) const;
  bool found_for_restart(TypesFound const& event);
  void make_restart(CommandId command, PendingRestart const& pending);

  [[nodiscard]] cmd::Act outcome_of(AwaitedClone const& awaited, JobRecord const& clone) const;

  // ---- calls.cpp
  void ask_call(JobId job, PendingCall call);
  void send_calls(JobId job);
  bool call_done(msg::OrderDone const& message);
  void fail_calls(JobId job, Failure const& why);
  void fail_calls_to(Rank host, JobId job, Failure const& why);

  // ---- commands.cpp
  [[nodiscard]] bool applies(Verb verb, JobRecord const& record) const;
  void act(CommandReceived const& event, Verb verb, cmd::JobReference const& reference,
           std::optional<Rank> target = {});
  void act_call(CommandReceived const& event, cmd::Call const& command);
  void act_on(JobId job, Operation operation);
  [[nodiscard]] std::vector<JobId> those_it_applies_to(Verb verb, Selection const& selection) const;
  [[nodiscard]] Failure nothing_to_do(std::string const& done, cmd::JobReference const& reference,
                                      Selection const& selection) const;
  std::size_t cancel_untouched(Asked asked, Selection const& selection);
  void commanded(CommandReceived const& event, std::string text, std::optional<Failure> refusal = {});
  void refuse_command(CommandReceived const& event, std::string text, Failure why);
  void carry_out(CommandReceived const& event);

  // ---- references.cpp
  // Past: also who is forgotten, but for a name.
  enum class Past : std::uint8_t { excluded, included };
  [[nodiscard]] Result<Selection> resolve(cmd::JobReference const& reference, Past with = Past::excluded) const;
  [[nodiscard]] Result<Selection> resolve_any(cmd::JobReference const& reference) const;
  [[nodiscard]] Result<Selection> resolve_all(std::vector<cmd::JobReference> const& references, Past with = Past::excluded) const;
  [[nodiscard]] Failure no_such_job(std::string_view reference) const;
  [[nodiscard]] std::optional<JobId> named(std::string_view reference) const;
  [[nodiscard]] Choice whole(JobId job) const;
  [[nodiscard]] JobCounts counts_of(Choice const& choice) const;

  // ---- inquiries.cpp
  void list_held(CommandId command, Rank host);
  void fail_inquiries_to(Rank host);

  // ---- sharing.cpp
  static policy::Scheduler make_scheduler(Settings const& settings, Ledger const& ledger);
  void pass_interval();
  void keep_scores();
  void preempt();
  void decided(JobId job, std::string what);  // without a user's command: why it is moved, or made to wait
  void drain(CommandReceived const& event, cmd::Drain const& command);
  std::vector<JobId> empty_host(Rank host);
  void begin_leave(JobRecord const& record, Operation operation);

  // ---- balance.cpp
  void smooth_load(Rank host, NodeLoad const& load);
  void balance();
  void see_moves_end();
  [[nodiscard]] policy::Balance balance_question() const;
  [[nodiscard]] std::vector<policy::BalanceJob> candidates(std::vector<Rank> const& sources);
  [[nodiscard]] bool may_be_moved(JobRecord const& record) const;
  [[nodiscard]] bool has_stayed(JobId job) const;
  [[nodiscard]] Watched look_at(JobRecord const& record) const;
  [[nodiscard]] bool fits_at(JobId job, Rank to) const;
  [[nodiscard]] std::uint64_t arena_of(JobId job) const;
  [[nodiscard]] std::uint64_t progress_of(JobId job) const;
  [[nodiscard]] Duration time_left_of(JobRecord const& record, Watched const& seen) const;
  void balance_job(policy::BalanceMove const& move);
  void move_as_agreed(JobRecord const& record, Rank target);
  void begin_balancing(JobRecord const& record, Rank target, std::string text);

  // ---- shares.cpp
  void set_accounts(CommandReceived const& event, cmd::SetAccounts const& command);
  void warn_of_absent_hosts(std::vector<AccountRule> const& rules);
  void list_shares(CommandId command);
  [[nodiscard]] std::string spell_order(std::vector<policy::Node> const& order) const;
  [[nodiscard]] std::map<policy::Node, std::int64_t> waiting_by_account() const;

  // ---- explain.cpp
  void explain(CommandId command, cmd::JobReference const& reference);
  using WaitingOf = std::map<policy::Node, std::int64_t>;  // jobs, by account
  [[nodiscard]] cmd::Explanation explanation_of(JobId job, WaitingOf const& waiting) const;
  [[nodiscard]] cmd::Explanation explanation_of(ArrayRecord const& array) const;
  void explain_waiting(JobId job, WaitingOf const& waiting, cmd::Explanation& about) const;
  [[nodiscard]] std::string why_blocked(JobId job) const;
  void explain_placement(JobId job, cmd::Explanation& about) const;

  // ---- rows.cpp
  [[nodiscard]] cmd::JobRow row_of(JobRecord const& record, bool with_images) const;
  [[nodiscard]] cmd::JobRow row_of(ArrayRecord const& array) const;
  [[nodiscard]] cmd::JobRow row_of(std::string const& name, Identity const& identity) const;
  struct RowsWanted {
    bool with_images{false};
    bool elements{false};  // of whole arrays too: those that are not as they were submitted
    std::uint32_t limit{0};
  };
  [[nodiscard]] cmd::Jobs rows_of(std::vector<Choice> const& choices, RowsWanted wanted) const;
  [[nodiscard]] std::vector<msg::ImageName> images_of(JobRecord const& record) const;
  [[nodiscard]] cmd::Hosts host_rows() const;

  // ---- shutdown.cpp
  void begin_shutdown(bool broken);
  void refuse_pending(Failure const& why);
  void refuse_all(Failure const& why);
  void go_on_shutting_down();
  void finish_shutdown();
  void wait_to_leave(Event const& event);

  Settings settings;
  Ledger ledger;
  Instant now;
  WallTime wall;
  Effects* out{nullptr};

  Term term;
  Rank self{0};
  custody::Authority authority;
  Instant lead_told;  // as Node knows it
  Instant led;        // when it was last seen to lead
  RankMap<HostEntry> hosts;  // 1..n, from the beginning
  // Of them, so that no event has to look at all: seats.cpp.
  std::set<Rank> undescribed;  // it isn't known yet what they have
  std::set<Rank> standbys;
  std::set<Rank> missing;  // no standbys; dead or drained
  RankSet spare;           // open, with fewer jobs than cores
  Instant watch_due;
  std::map<std::string, Group> groups;
  std::map<JobId, Grouped> grouped_jobs;  // those that the ledger has at a group
  Instant groups_due;
  std::map<JobId, Duration> array_times;  // how long an element runs, or a job of that type; where there are groups
  std::map<std::string, Duration> type_times;
  Instant began;  // this world, or this term in it
  bool took_over{false};
  JobTable<Seat> seats;
  policy::Scheduler scheduler;
  JobTable<JobId> heads;  // array → the first of its untouched elements, which stands in line
  JobTable<GrantMark> marks;
  JobTable<Paces> array_paces;               // until the array is over
  std::map<std::string, Paces> type_paces;
  std::size_t quick_paces{0};                // of all these, `quick` hosts
  std::map<std::string, std::int64_t> former_scores;  // an interval ago
  Instant interval_due, scores_due, leave_due;
  Balancing balancing;
  std::set<JobId> leased;                   // might still run under a former world's lease
  std::map<std::string, JobId, std::less<>> names;  // the newest job or array of that name
  std::set<std::pair<WallTime, JobId>> past;    // single jobs and arrays that have ended, and when: who is forgotten next
  JobTable<WallTime> past_since;                // the other way round
  Instant forget_due;
  std::map<JobId, std::set<JobId>> blocked;     // job or array → what must be over first
  std::map<JobId, std::set<JobId>> dependents;  // the other way round
  std::set<JobId> to_release;                   // something in it ended: are there dependents?
  std::map<JobId, std::uint32_t> noted;         // array → notes about its elements' failures
  JobTable<std::unique_ptr<msg::JobReport>> reports;  // as last heard
  std::map<std::string, JobId> outputs;     // path to the live job that writes there
  std::map<JobId, std::vector<std::string>> claims;
  std::vector<std::pair<Rank, msg::ClaimOutputs>> late_claims;  // until it is known what others have

  policy::Partners partners;              // as the hosts were told
  std::map<JobId, msg::CopyAt> copies;    // whole ones, in whose memory
  bool partners_wanted{false};            // by any job, ever
  bool partners_due{true};                // hosts have come or gone since they were chosen

  RequestId next_request{first_request};
  std::map<CommandId, Ticket> tickets;
  std::map<JobId, Desk> desks;
  std::set<JobId> to_serve;
  std::map<std::pair<JobId, Epoch>, AwaitedDeparture> departures;
  std::map<JobId, AwaitedClone> clones;
  std::map<RequestId, std::pair<CommandId, PendingRestart>> restarts;  // their types are looked up
  std::map<JobId, Pruning> prunings;
  std::map<JobId, std::set<JobId>> heirs;  // job → those that began, or are to begin, from a generation of its
  std::set<JobId> tight;                   // nothing more can be thrown away of them, until they write the next
  Instant relief_due;
  std::map<CommandId, PendingSubmit> submits;
  std::map<RequestId, Lookup> lookups;
  std::map<RequestId, HeldInquiry> held_inquiries;
  std::map<CommandId, Waiter> waiters;
  std::map<JobId, std::set<CommandId>> watchers;  // by single job or array
  Shutdown shutdown;
};

// How a job is called in messages to users: job 7, job 7_3 or job 7 "plate".
[[nodiscard]] std::string called(JobRecord const& record);
[[nodiscard]] std::string called(ArrayRecord const& array);

void sum_up(std::vector<cmd::Act>& acts);  // an answer is bounded

[[nodiscard]] std::string account_of(JobSpec const& spec);
[[nodiscard]] std::string spell_millicores(std::int64_t millicores);  // "3 cores", "0.250 cores"

}  // namespace godwit::allocator
