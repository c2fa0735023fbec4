// run(): one scenario from beginning to end, and what came of it. shrink(): a smaller scenario that fails too.
#pragma once

#include <optional>
#include <string>

#include "sim/universe.hpp"

namespace godwit::sim {

struct Verdict {
  std::optional<std::string> failure;
  std::uint64_t digest{0};     // of the trace: two runs of a scenario agree
  std::uint64_t events{0};
  Duration time{0};            // virtual
  std::uint64_t jobs{0}, steps{0}, takeovers{0};
  Duration job_time{0};        // steps that ran, by their time
  Tally faults;
};

[[nodiscard]] Verdict run(Scenario const& scenario, Abilities abilities, Trace::Listener listener = {});
// Twice; a failure also if the two differ.
[[nodiscard]] Verdict run_twice(Scenario const& scenario, Abilities abilities);

// Drops actions and jobs as long as a run still fails. `tries` bounds the number of runs.
[[nodiscard]] Scenario shrink(Scenario scenario, Abilities abilities, int tries = 2000);

}  // namespace godwit::sim
