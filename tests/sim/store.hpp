// SimStore: one host's CheckpointStore on the shared disk. An arena is copied in pieces, so one that changes while
// it is staged shows; a file is published whole, under a name that nobody has, or not at all.
#pragma once

#include <functional>
#include <vector>

#include "port/checkpoint_store.hpp"
#include "sim/disk.hpp"

namespace godwit::sim {

class SimStore final : public CheckpointStore {
 public:
  SimStore(SimDisk& disk, Scheduler& scheduler, std::uint64_t seed, std::uint64_t process)
      : disk_(disk), scheduler_(scheduler), random_(seed), process_(process) {}

  std::function<void()> on_event = [] {};
  void end() { ended_ = true; }  // the process is gone: drafts stay as they are
  [[nodiscard]] bool is_idle() const { return open_ == 0; }
  [[nodiscard]] bool refers_to(std::span<std::byte const> memory) const;

  void write(RequestId request, CheckpointLabel label, Bytes manifest, std::span<std::byte const> arena,
             ArenaSource source) override;
  void verify(RequestId request, std::vector<msg::ImageName> images) override;
  void load(RequestId request, msg::ImageName image, std::span<std::byte> arena) override;
  void reserve(RequestId request, std::uint64_t arena_bytes) override;
  void forget(CapsuleId) override {}
  void prune(msg::PruneJob order) override;
  std::vector<StoreEvent> poll() override { return std::exchange(events_, {}); }

 private:
  struct Writing {
    RequestId request;
    StoredImage image;
    std::span<std::byte const> arena;
    bool staged{false};
  };
  void later(Duration at_least, std::function<void()> work);
  void say(StoreEvent event);
  void stage(std::shared_ptr<Writing> const& writing);
  void publish(Writing& writing);
  [[nodiscard]] static Bytes described(StoredImage const& image);

  SimDisk& disk_;
  Scheduler& scheduler_;
  Random random_;
  std::uint64_t process_;
  bool ended_{false};
  int open_{0};
  std::vector<StoreEvent> events_;
  std::vector<std::weak_ptr<Writing>> staging_;
};

}  // namespace godwit::sim
