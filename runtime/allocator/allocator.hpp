// Allocator: rank 0's state machine. Owns the ledger, grants jobs to hosts, opens and closes moves,
// answers users. Pure: time, wall time and events are handed in, effects handed out.
//
// Invariants: only it mints epochs; per job at most one operation (move, checkpoint, suspend, resume,
// cancel) is open, later ones queue behind it; an event is appended before the sends it justifies.
// Never touches image bytes. One thread: the node's loop.
#pragma once

#include <memory>
#include <string>

#include "allocator/effects.hpp"
#include "ledger/ledger.hpp"
#include "policy/balance.hpp"
#include "policy/scheduler.hpp"

namespace godwit::allocator {

inline constexpr std::int32_t by_node = -1;

inline constexpr int exit_deposed = 5;  // another allocator leads, or could

struct Settings {
  Duration heartbeat_every{500ms};
  Duration lease{10s};
  Duration late_after{2s};   // a host that is silent this long is polled and shown as "late"
  // Silent this long: dead, if not proven before. An allocator that led for no instant of such a time gives up.
  Duration suspicion{30s};
  // A move that is open for longer, and a second more for each `move_bytes_per_s`, is ended by whoever still can.
  Duration move_patience{5min};
  std::uint64_t move_bytes_per_s{16 << 20};
  std::string policy{"up-down"};
  policy::MakePolicy own_policy{nullptr};  // a user's, instead of that
  policy::UpDownTuning up_down;
  policy::Tuning scheduling;
  // Hosts are managed in groups of so many, or of those on one node; 0: each speaks for itself.
  std::int32_t hosts_per_manager{0};
  Duration group_ahead_max{30s};  // jobs that run longer aren't granted to groups ahead of room
  policy::BalanceTuning balance;  // looked at each interval of `scheduling`; a job stays for its quantum
  std::uint64_t store_quota{0};  // for all checkpoints together; 0: no limit
  // Jobs that are over are remembered for so long, and so many of them, an array as one; 0: no limit.
  Duration history_age{std::chrono::hours(30 * 24)};
  std::uint64_t history_jobs{100'000};
  Duration gather{0};        // after the start, grants wait this long for hosts that haven't joined yet
};

class Allocator {
 public:
  // `ledger`: as replayed from the previous terms' logs.
  Allocator(Settings settings, Ledger ledger);
  ~Allocator();

  void step(Instant now, WallTime wall, Event const& event, Effects& effects);

  [[nodiscard]] Ledger const& ledger() const;
  [[nodiscard]] Term term() const;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace godwit::allocator
