// Figures: what an outcome comes to, in the numbers that schedulers are compared by.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulate/simulation.hpp"

namespace godwit::simulate {

struct Waits {
  std::uint64_t jobs{0};
  double mean_wait_s{0}, p95_wait_s{0}, p99_wait_s{0};  // percentiles: the nearest job's
  double mean_bounded_slowdown{0};                      // (wait + run) / max(run, 10 s), at least 1
  double wait_ratio{0};                                 // all waiting over all running
};

struct AccountFigures {
  std::string account;
  Waits waits;
  double core_s{0};
  std::uint64_t preemptions{0};  // of its jobs that ended
};

struct Figures {
  std::string policy;
  Waits waits;
  Waits light;  // of the accounts that used less than the average one
  double jain_slowdown{
      0};  // Jain's index over the accounts' mean bounded slowdowns: 1 is even, 1/n all on one
  double utilisation{0}, makespan_s{0};
  std::uint64_t preemptions{0}, never_fit{0}, events{0};
  std::vector<AccountFigures> accounts;  // who had jobs that ended, the greatest use first
};

[[nodiscard]] Figures figures_of(Outcome const& outcome);

// How long an account's jobs waited, over the time at which they came.
struct WaitPoint {
  double time_s{0};  // the middle of its span
  std::string account;
  std::uint64_t jobs{0};
  double mean_wait_s{0};
};
// By account, then by time. Spans in which none came have no point. Of more than `accounts_max` accounts only
// those with the greatest use, and the others together as "others"; 0: all.
[[nodiscard]] std::vector<WaitPoint> waits_over_time(Outcome const& outcome, std::size_t spans,
                                                     std::size_t accounts_max = 0);

}  // namespace godwit::simulate
