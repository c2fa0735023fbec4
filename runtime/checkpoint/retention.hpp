// Retention: which of a job's generations may be thrown away. Pure; deleting is an edge's.
//
// Whatever is wished for, these stay: `good`, the newest of the lineage that verifies, the newest of the lineage itself,
// what is newer than that (its writer may just not have said so yet), what others need, and all that any of these rests on:
// an incremental generation is nothing without its ancestors. What isn't of the lineage and older is nobody's.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "job/spec.hpp"

namespace godwit::checkpoint {

using ImageId = std::pair<Epoch, Generation>;  // in this order the last one is the newest

struct Stored {
  ImageId id;
  std::uint64_t bytes{0};
  WallTime at;
  std::vector<ImageId> rests_on;
  bool of_lineage{false};
  bool pinned{false};  // others need it
};

// Newest first: who is killed while deleting in this order leaves nothing that rests on what is gone.
[[nodiscard]] std::vector<ImageId> superfluous(std::vector<Stored> const& all, Retention const& retention, ImageId good);

// What a lineage was, as far as its files tell, newest first: of an epoch only what the next one went on from counts.
struct Branch {
  ImageId id;
  ImageId parent;  // {}: none
};
[[nodiscard]] std::vector<ImageId> lineage_of(std::vector<Branch> files);

}  // namespace godwit::checkpoint
