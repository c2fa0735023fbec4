// Exposure: how long hosts were there, and how often one of them failed a job; of which the mean time between failures
// is made that a job must expect on its host. Integers only.
//
// Hosts that were lost and worlds that ended otherwise than in order count for each host; a job's crash counts once. Of a
// few failures little follows: until more are seen, one in `prior` is assumed, as if that had been seen.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace godwit {

struct Exposure {
  static constexpr Duration prior = std::chrono::hours(24);

  std::uint64_t failures{0};
  std::uint64_t host_seconds{0};
  std::int64_t rest_ns{0};  // less than a second

  void add(std::int64_t hosts, Duration time);
  [[nodiscard]] Duration mean_time_between_failures() const;

  bool operator==(Exposure const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & failures & host_seconds & rest_ns;
  }
};

}  // namespace godwit
