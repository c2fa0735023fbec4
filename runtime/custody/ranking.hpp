// Ranking: the n-th of some members' instants, the latest first. Each heart-beat changes one of them: that costs a
// logarithm of their number. A pure class.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <utility>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace godwit::custody {

class Ranking {
 public:
  void choose(std::size_t nth);  // from 1; 0: none
  void put(Rank member, std::optional<Instant> former, Instant end);  // former: its instant until now; none: it is new
  [[nodiscard]] std::optional<Instant> nth() const;  // none: there are fewer

 private:
  using Ends = std::set<std::pair<Instant, Rank>>;
  void balance();

  std::size_t nth_{0};
  Ends first_, others_;  // the n latest; all others
};

}  // namespace godwit::custody
