// What the allocator remembers for balance, beside the ledger: how busy nodes have been of late, how far jobs have come since
// they are looked at, who was moved for it, and what moves have cost. Private to this folder; nothing of it outlives
// the allocator.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "message/load.hpp"
#include "policy/move_cost.hpp"

namespace godwit::allocator {

// Of a host's node, smoothed: each heart-beat counts an eighth.
struct SmoothLoad {
  std::optional<std::int64_t> busy_milli, queue_milli, memory_stall_permille;
};

// A job on a host that the goal would have less on, since it is looked at.
struct Watched {
  Epoch epoch;
  Instant since;
  std::uint64_t done{0};  // of its progress, or steps
  std::uint32_t looks{0};
};

// For balance, whether it came to anything or not.
struct MovedBefore {
  std::uint32_t times{0};
  Instant last;
};

struct Balancing {
  Instant due;
  std::map<Rank, SmoothLoad> loads;
  std::map<JobId, Watched> watched;
  std::map<JobId, MovedBefore> moved;      // until they end
  std::map<JobId, std::pair<Rank, Rank>> under_way;
  std::map<Rank, Instant> settling;        // until then what a move has changed there isn't seen yet
  policy::Ways ways;
};

}  // namespace godwit::allocator
