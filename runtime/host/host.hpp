// Host: the state machine of a rank ≥ 1. Runs jobs in capsules, heart-beats, freezes, sends, receives
// and restores them; obeys the allocator at the epoch it names. Pure: time and events are handed in,
// effects handed out. One thread: the node's loop.
//
// Invariants: a job runs here at one epoch only; after a commit frame has been sent the source's
// capsule stays frozen until Accepted, Refused or a fenced target; nothing runs past the lease.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "host/effects.hpp"
#include "policy/probing.hpp"

namespace godwit::host {

// Hosts that find each other without the allocator. Thresholds are in cores: of this host, and beyond.
struct ProbingSettings {
  policy::ProbingTuning tuning;
  std::int32_t hosts{0};  // of the world
  std::uint64_t seed{1};
};

struct Settings {
  std::int32_t pid{0};
  std::string node;
  std::int32_t cores{1};     // of the node
  Capabilities has{1, 0, {}, {}};  // for jobs
  std::vector<std::int32_t> own_cpus;    // what jobs are kept to; empty: they run wherever the host may
  std::vector<std::int32_t> other_cpus;  // of other hosts on this node: shared when a job wants more
  Duration read_patience{20s};  // an image that can't be read is tried for so long before an older one is
  Duration safe_point_patience{30s};  // a move that finds no safe point in this time is refused
  Duration orphan_patience{60s};      // lease expired this long ago: park everything and exit
  // Nothing heard of the allocator for this long: whoever comes first in the line of succession asks to take its
  // place, the next one `stagger` later, and so on. At once where the allocator's process is known to have ended.
  Duration suspicion{30s};
  Duration stagger{2s};
  std::optional<ProbingSettings> probing{};
  Duration partner_every{10s};  // between two copies of a job in the partner's memory
  Duration copy_patience{5s};    // a job waits for its copy from another host so long, and a second for each 16 MiB
  std::uint64_t partner_memory{std::uint64_t{4} << 30};  // the most that copies of others' jobs may take here
};

class Host {
 public:
  Host(Rank self, Settings settings);
  ~Host();

  void step(Instant now, Event const& event, Effects& effects);
  [[nodiscard]] Term term() const;  // the newest that it knows
  // What it keeps until others have had their say. Bounded by what it was granted and the checkpoints of a lease's time.
  struct Backlog {
    std::size_t unconfirmed{0};  // reports that the ledger may not have
    std::size_t queued{0};       // jobs that wait for room
  };
  [[nodiscard]] Backlog backlog() const;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace godwit::host
