// Queueing: hosts that serve one job at a time, first come, first served, while jobs come to each as a
// Poisson process and take exponential times, of mean 1 s; what moving jobs between them by probing makes of
// the mean response time. Moves and questions cost nothing. Doubles: it is an experiment, and decides nothing
// in a runtime.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "policy/probing.hpp"

namespace godwit::simulate {

struct Queueing {
  std::string how{"symmetric"};  // see queueing_ways()
  std::int32_t hosts{20};
  double load{0.5};               // per host; < 1
  policy::ProbingTuning probing;  // its heuristic is that of `how`
  std::uint64_t jobs{1'000'000};  // that count; a tenth as many go before
  std::uint64_t seed{1};
};

struct QueueingFigures {
  std::string how;
  std::int32_t threshold{0};
  double load{0}, mean_response_s{0};
  double moves_per_job{0}, probes_per_job{0};  // questions
};

// "none": no moves; "central": one line for all hosts; and the heuristics.
[[nodiscard]] std::vector<std::string> queueing_ways();
[[nodiscard]] Result<QueueingFigures> simulate_queueing(Queueing const& queueing);

}  // namespace godwit::simulate
