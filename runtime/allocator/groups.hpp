// Groups: hosts that speak to this allocator through one of them, their manager, and take jobs from its queue. What is
// remembered of a group and of a job that waits in one; plain values, private to this folder. docs/protocol.md,
// "Managers".
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace godwit::allocator {

struct Group {
  Rank manager{no_rank};     // none: each host speaks for itself
  std::uint64_t version{0};  // rises with each change
  std::set<Rank> members;    // while there is a manager: with it

  // After a change: who may have one of its jobs, and has neither said so nor been fenced; and who was fenced instead.
  std::set<Rank> unanswered, dead;

  std::deque<JobId> queue;             // as far as is known here: in the order in which they were granted
  std::map<Rank, std::deque<JobId>> assumed;  // who had room for which of them by now; nobody has said so yet
  std::int32_t cores{0};               // of the members
  std::int64_t ended{0}, pace{0};      // jobs, since the manager's last heart-beat; between two of them
  bool recalled{false};                // it was asked for some, and hasn't answered
};

// A job that was granted to a group, and of which no host has told yet.
struct Grouped {
  std::string group;
  Rank seat{no_rank};  // where the scheduler has it: at the manager, or where there was room; none: in doubt
  Instant since;
};

}  // namespace godwit::allocator
