// Simulation: serves a workload on a machine, in virtual time, with the very Scheduler that an allocator
// decides with. At one instant all ends come first, then all submissions, then one pass of the scheduler,
// which starts what may start. A preempted job keeps the work that it has done, and waits again. The same
// input gives the same outcome.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "policy/scheduler.hpp"
#include "simulate/workload.hpp"

namespace godwit::simulate {

struct Setup {
  std::string policy{"up-down"};
  policy::MakePolicy own_policy{nullptr};  // a user's, of that name
  policy::UpDownTuning up_down;
  policy::Tuning tuning;
  std::vector<AccountRule> rules;
  std::int32_t hosts{1};
  std::int32_t processors{0};  // of all hosts, as even as may be
  bool preempt{false};
};

// A job that came to its end.
struct Ended {
  std::uint32_t account{0};
  std::int32_t cores{1};
  std::uint32_t preemptions{0};
  Instant submit, end;
  Duration run{0};

  [[nodiscard]] Duration wait() const { return end - submit - run; }
};

struct Outcome {
  std::string policy;  // with "+preempt"
  std::vector<std::string> accounts;
  std::vector<Ended> ended;  // in that order; only those that count
  std::int32_t processors{0};
  Instant begin, end;            // of the time that counts
  double busy_core_s{0};         // in it
  std::uint64_t preemptions{0};  // in it
  std::uint64_t never_fit{0};    // jobs that no host could take
  std::uint64_t events{0};       // submissions, starts and ends, of all jobs
};

[[nodiscard]] Result<Outcome> simulate(Workload& workload, Setup const& setup);

}  // namespace godwit::simulate
