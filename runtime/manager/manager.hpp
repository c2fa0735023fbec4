// Manager: hands the jobs that were granted to its group on to whichever host has room, and lets what the hosts tell
// the allocator wait a little for more, so that it goes in one frame.
//
// Invariants: a job waits here or was handed on once, under the present version; what was given back was never handed
// on. Whoever is no manager passes parcels on at once. Pure; one thread: the node's loop.
#pragma once

#include <deque>
#include <map>

#include "manager/effects.hpp"

namespace godwit::manager {

class Manager {
 public:
  explicit Manager(Rank self) : self_(self) {}

  // Is it for the manager? Managed and Quiesce are for the host, too.
  [[nodiscard]] bool wants(Message const& message) const;
  void step(Instant now, Event const& event, Effects& effects);

 private:
  void on(Carry const& event);
  void on(Ordered const& event);
  void on(Told const& event);
  void on(TimerFired const&);
  void on(Deposed const&);
  void order(msg::Managed const& message);
  void order(msg::StartJob const& message);
  void order(msg::Recall const& message);
  void order(msg::CancelJob const& message);
  void order(msg::Quiesce const&) { queue_.clear(); }
  template <class Other>
  void order(Other const&) {}

  [[nodiscard]] bool manages() const { return !members_.empty(); }
  [[nodiscard]] std::int32_t free_of(Rank member, std::uint64_t handed) const;
  [[nodiscard]] bool has_idle_cores() const;
  [[nodiscard]] std::deque<msg::StartJob>::const_iterator queued(JobId job, Epoch epoch) const;
  void hand_on();
  void give_back(std::vector<msg::JobEpoch> jobs);
  void pass_all();
  void expect_to_pass();

  Rank self_;
  Instant now_;
  Effects* out_{nullptr};  // of this step

  Term term_;
  std::uint64_t version_{0};
  Duration gather_{0};
  std::map<Rank, std::uint64_t> members_;  // and how many jobs each was handed; none: it manages nobody
  std::map<Rank, msg::Room> rooms_;        // as said last: perhaps under a version that isn't known here yet
  std::deque<msg::StartJob> queue_;
  std::vector<msg::Parcel> waiting_;
  msg::Parcel::Haste haste_{};  // the greatest among them
  Instant first_, due_;         // when the first came; when they are to leave, as the timer was armed
};

}  // namespace godwit::manager
