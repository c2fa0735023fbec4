// A rig for the allocator's state machine: plays hosts, users, catalogue and clock, records every effect,
// and fails the test if an effect is not asked for. Before each new event, and at the end, nothing that
// was sent, appended, answered or looked up may be left untaken: so each test says all that happens.
//
// Always watched besides: an append comes before the send that it justifies, and replaying what was
// appended gives the allocator's own ledger.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "allocator/allocator.hpp"
#include "message/codec.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit::allocator {

// As a host names it.
[[nodiscard]] inline msg::ImageName image_of(JobId job, std::uint64_t epoch, std::uint64_t generation) {
  return {Epoch{epoch}, Generation{generation}, checkpoint_path(job, Epoch{epoch}, Generation{generation})};
}

struct RigOptions {
  int hosts{3};
  int slots{4};
  bool join{true};
  Ledger ledger{};
  Term term{1};
  Duration old_leases{0};
  Duration gather{0};
  Duration lease{10s};
  std::int32_t hosts_per_manager{0};
  std::string policy{"up-down"};
  policy::BalanceTuning balance{};
  Duration quantum{60s};
  std::uint64_t store_quota{0};
  Duration history_age{0};
  std::uint64_t history_jobs{0};
  bool takes_over{
      false};  // from another allocator; the hosts are told, and say what they hold if `join`: nothing
};

class Rig {
 public:
  explicit Rig(RigOptions options = {});
  ~Rig();
  Rig(Rig const&) = delete;
  Rig& operator=(Rig const&) = delete;

  // ---- what happens
  void feed(Event const& event);
  void hears(int from, Message const& message) { feed(Received{Rank{from}, message, options_.term}); }
  CommandId says(Command const& command);
  void dies(int rank) { feed(PeerDied{Rank{rank}}); }
  void loses(int rank);                               // it dies, surely: HostLost and HostFenced are taken
  void joins(int rank);                               // and takes the Welcome
  void holds(int rank, std::vector<msg::Held> held);  // says so to a new allocator
  bool silent_until_lost(
      int rank);  // takes the polls, and HostLost; is it fenced at once? (HostFenced is taken)
  // Time goes by, timers fire, hosts heart-beat and are answered; all but these.
  void pass(Duration duration, std::set<int> const& silent = {});
  void pass_polling(std::set<int> const& silent);  // likewise, until something is appended; takes the polls
  std::map<int, NodeLoad> loads;  // that hosts say in their heart-beats; half a load average where nothing is set
  std::map<int, std::vector<msg::JobReport>> reports;  // likewise; of jobs
  void let_years_pass(int years) { wall_.unix_ns += years * Duration(std::chrono::hours(24 * 365)).count(); }  // by the wall's clock alone
  void sleep(Duration duration) { now_ = now_ + duration; }  // time goes by, and nobody does anything

  // ---- what came of it: takes the oldest of its kind
  template <class M>
  M sent(int to) {
    for (auto at = sends_.begin(); at != sends_.end(); ++at) {
      if (at->to != Rank{to}) continue;
      auto const message = at->message;
      sends_.erase(at);
      if (auto const* held = std::get_if<M>(&message)) return *held;
      ADD_FAILURE() << "to host " << to << " was sent a " << name_of(message);
      return M{};
    }
    ADD_FAILURE() << "nothing was sent to host " << to << " where a " << name_of(Message(M{}))
                  << " was expected";
    return M{};
  }
  template <class E>
  E appended() {
    if (appends_.empty()) {
      ADD_FAILURE() << "nothing was appended where event " << LedgerEvent(E{}).index() << " was expected";
      return E{};
    }
    auto const event = appends_.front();
    appends_.pop_front();
    if (auto const* held = std::get_if<E>(&event)) return *held;
    ADD_FAILURE() << "event " << event.index() << " was appended where " << LedgerEvent(E{}).index()
                  << " was expected";
    return E{};
  }
  template <class A>
  A replied(CommandId command) {
    auto const at = std::find_if(replies_.begin(), replies_.end(),
                                 [&](auto const& one) { return one.command == command; });
    if (at == replies_.end()) {
      ADD_FAILURE() << "command " << command.value << " was not answered";
      return A{};
    }
    auto const answer = at->answer;
    replies_.erase(at);
    if (auto const* held = std::get_if<A>(&answer)) return *held;
    if (auto const* refusal = std::get_if<cmd::Refusal>(&answer)) ADD_FAILURE() << refusal->why.context;
    ADD_FAILURE() << "command " << command.value << " got answer " << answer.index();
    return A{};
  }
  cmd::Act acted(CommandId command);       // the one line of its outcome
  std::string failed(CommandId command);   // likewise, which is a failure: its code, as "code: context"
  std::string refused(CommandId command);  // the refusal of the whole command
  FindTypes sought();
  std::optional<int> exit_code() const { return exit_; }
  void nothing_more();  // of any kind
  [[nodiscard]] bool idle() const { return sends_.empty() && appends_.empty() && replies_.empty() && lookups_.empty(); }

  // ---- longer passages, with all that comes of them taken
  JobId submit(JobArray job);       // answered; not yet granted if there is no room
  msg::StartJob granted(int host);  // Granted and StartJob
  void started(int host, msg::StartJob const& start);
  void ended(int host, msg::StartJob const& start, Outcome const& outcome = {});  // and Ended taken
  JobId running(int host, JobSpec spec = counter());           // submitted to that host, granted, started
  msg::PrepareArrival prepares(int target);                    // Intent and PrepareArrival
  void accepted(msg::PrepareArrival const& move, int target);  // and Moved taken
  void departed(msg::PrepareArrival const& move, msg::MoveFigures figures = {13'002'342, 3'100us, 2ms});

  static JobSpec counter();  // needs steps=
  static JobSpec counter(std::string account, std::int32_t cores = 1);
  static JobSpec named(std::string name);
  static JobArray sweep(std::uint32_t size, std::string name = {});  // counters of 1, 2, … steps
  static std::vector<JobType> types();
  [[nodiscard]] JobRecord const& record(JobId job) const { return *allocator_->ledger().find(job); }
  cmd::Explanation explained(std::string const& job);  // of one
  [[nodiscard]] Ledger const& ledger() const { return allocator_->ledger(); }
  [[nodiscard]] std::vector<Note> const& notes() const { return notes_; }
  [[nodiscard]] std::vector<log::Commanded> const& commanded() const { return commanded_; }
  [[nodiscard]] std::vector<std::map<std::string, std::int64_t>> const& scores() const { return scores_; }
  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] std::uint64_t confirmed(int host) const {  // reports, as it was last told
    auto const at = confirmed_.find(Rank{host});
    return at == confirmed_.end() ? 0 : at->second;
  }
  [[nodiscard]] Rank route(int host) const {  // by which manager; no_rank: directly
    auto const at = routes_.find(Rank{host});
    return at == routes_.end() ? no_rank : at->second;
  }
  [[nodiscard]] Instant lead_until() const { return lead_until_; }

 private:
  void record(Effect const& effect);
  [[nodiscard]] msg::Heartbeat beat_of(int rank) const;
  void is_justified(Message const& message) const;

  RigOptions options_;
  std::unique_ptr<Allocator> allocator_;
  Ledger replica_;  // fed by the appends only
  Instant now_{1'000'000'000};
  WallTime wall_{1'700'000'000'000'000'000};
  CommandId next_command_{1};
  std::deque<Send> sends_;
  std::deque<LedgerEvent> appends_;
  std::vector<log::Commanded> commanded_;
  std::vector<std::map<std::string, std::int64_t>> scores_;
  std::deque<Reply> replies_;
  std::deque<FindTypes> lookups_;
  std::vector<Note> notes_;
  std::map<RequestId, Instant> timers_;
  std::map<Rank, std::uint64_t> confirmed_;
  std::map<Rank, Rank> routes_;
  std::vector<std::uint64_t> changes_;
  Instant lead_until_;
  std::optional<int> exit_;
  bool broken_{false};
};

}  // namespace godwit::allocator
