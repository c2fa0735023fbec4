// Placement: which host takes a job. Fewest jobs relative to slots, then the lowest rank. Pure
// functions over integers, so the same question always gets the same answer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/ids.hpp"

namespace godwit::policy {

struct HostLoad {
  Rank host;
  std::int32_t slots{0};  // jobs that may run there at once
  std::int32_t jobs{0};   // that run there or are on their way
};

// The least loaded host that has a free slot; none if all are full.
[[nodiscard]] std::optional<Rank> place_job(std::span<HostLoad const> hosts);

// Where a job goes when its user says only "away from `source`": the least loaded other host, even if
// its slots are full, since the user asked for a move and not for a wait.
[[nodiscard]] std::optional<Rank> place_move(std::span<HostLoad const> hosts, Rank source);

}  // namespace godwit::policy
