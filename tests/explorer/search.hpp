// Search: visits every world that can come of a scenario, each once (by a 64-bit key; at ten million states
// the odds of one false match are below 1 in 300,000), and checks each. Deterministic.
//
// Deep first keeps few worlds in memory; wide first finds a shortest way to what is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "explorer/scenario.hpp"

namespace godwit::explorer {

struct SearchSettings {
  bool wide{false};
  std::uint64_t states_max{0};  // gives up after so many; 0: never
};

struct Findings {
  std::uint64_t states{0}, transitions{0}, quiet{0};  // quiet: nothing happens there by itself any more
  std::size_t depth{0};                               // of the longest way that was gone
  bool whole{true};                                   // every state was visited
  std::string wrong;                                  // empty: nothing is
  std::vector<std::string> story;                     // how it came to that, act by act
};

[[nodiscard]] Findings explore(Scenario const& scenario, SearchSettings settings = {});

}  // namespace godwit::explorer
