// NodeLoad: how busy a host's node is, as that host reads it and says in its heart-beats. What a node doesn't tell is absent, and
// nobody takes it for 0: an old kernel has no pressure figures, and the first reading has nothing to compare with.
#pragma once

#include <cstdint>
#include <optional>

namespace godwit {

struct NodeLoad {
  std::int64_t load_milli{0};                   // 1-minute load average × 1000, of the node
  std::optional<std::int64_t> run_queue;        // tasks that run or could, of the node; absent where only some cores are ours
  std::optional<std::int64_t> busy_milli;       // of the cores that this user may use, in use since the last reading, × 1000
  std::uint64_t cores_id{0};                    // hosts of a node that say the same share those cores
  std::uint64_t memory_bytes{0};                // of the node, or what a control group leaves of it; 0: unknown
  std::uint64_t memory_free_bytes{0};           // of that: what could be had without swapping
  std::optional<std::int64_t> cpu_stall_permille;     // PSI "some avg10": of the time somebody waited for a core
  std::optional<std::int64_t> memory_stall_permille;  // likewise, for memory

  bool operator==(NodeLoad const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & load_milli & run_queue & busy_milli & cores_id & memory_bytes & memory_free_bytes & cpu_stall_permille &
        memory_stall_permille;
  }
};

}  // namespace godwit
