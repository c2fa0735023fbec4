// CapsuleLoop: when the job runs. Steps it as long as nothing is wanted; between two steps obeys its host:
// freezes, thaws, suspends, resumes, calls; waits while the lease has run out.
//
// A job that finishes and leaves nothing behind may be followed by another: orders about it that cross its end are
// ignored until the next Prepare.
//
// Invariant: no step begins while the job is frozen or suspended, or after the lease. One thread: the job's.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <variant>

#include "base/time.hpp"
#include "edge/capsules/inside/held_job.hpp"
#include "edge/capsules/inside/host_link.hpp"
#include "edge/capsules/inside/safe_point.hpp"
#include "edge/capsules/inside/witness.hpp"
#include "edge/capsules/link/page_watch.hpp"

namespace godwit::inside {

class CapsuleLoop {
 public:
  CapsuleLoop(Surroundings surroundings, HostLink& link)
      : surroundings_(surroundings), link_(link), safe_point_(surroundings.block) {
    surroundings_.kept = &kept_;
  }
  CapsuleLoop(CapsuleLoop const&) = delete;
  CapsuleLoop& operator=(CapsuleLoop const&) = delete;

  // Until the job has ended or the host is gone.
  void run();

 private:
  bool obey_all();  // false: leave
  bool attend();  // obeys and waits until a step may begin; false: leave
  void run_steps();
  void release_reports();
  Step step_while_quiet();  // throws what the job throws
  void take(Step const& step);
  bool may_step();
  [[nodiscard]] bool freeze_due() const { return job_->steps() >= freeze_at_; }
  [[nodiscard]] bool thaws_later() const { return std::holds_alternative<capsule_wire::Thaw>(beginning_); }
  [[nodiscard]] bool wait_is_over();
  [[nodiscard]] Duration wait_left() const;
  void wait();

  void on(capsule_wire::Prepare& order);
  void on(capsule_wire::Start const& start) { beginning_ = start; }
  void on(capsule_wire::Restore& restore) { beginning_ = std::move(restore); }
  void on(capsule_wire::Freeze const& freeze);
  void on(capsule_wire::Thaw const& thaw);
  void on(capsule_wire::Suspend const&);
  void on(capsule_wire::Resume const&);
  void on(capsule_wire::Call const& call);
  void on(capsule_wire::Describe const& describe);

  void begin_if_leased();
  void begin(capsule_wire::Start const& start);
  void begin(capsule_wire::Restore const& restore);
  void begin(capsule_wire::Thaw const& thaw);
  void begin(Epoch epoch);
  void give_custody();
  void freeze();
  void watch_arena();
  void finish(Outcome outcome);  // the job's own end
  void await_next();             // another job may come
  void fail(std::string reason);
  Bytes last_state();  // empty unless the order asked for it
  void give_up(Failure why);  // the host's wish can't be done
  void report(capsule_wire::Report const& report);

  Kept kept_;
  Surroundings surroundings_;
  HostLink& link_;
  SafePoint safe_point_;
  std::optional<Witness> witness_;
  std::unique_ptr<HeldJob> job_;
  // Asked for. Without a lease the job may run elsewhere already: its outputs aren't even opened then.
  std::variant<std::monostate, capsule_wire::Start, capsule_wire::Restore, capsule_wire::Thaw> beginning_;
  Epoch epoch_;
  bool begun_ = false;
  bool suspended_ = false;
  bool frozen_ = false;
  bool leaving_ = false;
  std::optional<PageWatch> watch_;  // of the arena: for as long as this process lives
  bool watch_tried_ = false;
  static constexpr std::uint64_t no_freeze = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t freeze_at_ = no_freeze;  // completed steps; 0: at once
  bool hold_back_ = false;  // reports of a start that may be over at once: they leave with its end
  int jobs_ = 0;            // that ran here
  // Of the wait that the last step asked for: its end, or, in a job that was restored amid it and hasn't gone on
  // yet, its rest.
  std::optional<Instant> idle_until_;
  Duration rest_of_wait_{0};
};

}  // namespace godwit::inside
