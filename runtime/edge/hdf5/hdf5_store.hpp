// Hdf5CheckpointStore: the CheckpointStore of files in a directory.
//
// Two threads of its own. The stager copies a frozen job's arena into touched staging memory and says
// Staged; the scribe, the only thread that calls HDF5, digests, writes and publishes, and also verifies
// and loads. Tasks of a kind are done in the order in which they were asked for.
//
// A generation holds only the pages that were written since the one before it, if that is known, or their
// digests tell, and if it pays: chain.hpp. Until it is known the whole arena is staged.
//
// Staged comes before Written for every write, also for one that fails. An arena larger than the
// staging memory is written from where it is, and Staged then comes after the last byte was read.
// All public calls belong to one thread, the loop's, and never block but for the destructor, which
// finishes what was asked for.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "port/checkpoint_store.hpp"

namespace godwit {

class Hdf5CheckpointStore final : public CheckpointStore {
 public:
  struct Settings {
    std::filesystem::path store;
    std::uint64_t staging_bytes_max{std::uint64_t{1} << 30};
    std::size_t ancestors_max{8};     // that a generation may need; 0: each is a full one
    std::string software{};            // godwit's version, recorded in each file; empty: this build's
    std::function<WallTime()> wall{};  // empty: the system's clock. Called from another thread
  };

  explicit Hdf5CheckpointStore(Settings settings);
  ~Hdf5CheckpointStore() override;
  Hdf5CheckpointStore(Hdf5CheckpointStore const&) = delete;
  Hdf5CheckpointStore& operator=(Hdf5CheckpointStore const&) = delete;

  void write(RequestId request, CheckpointLabel label, Bytes manifest, std::span<std::byte const> arena,
             ArenaSource source) override;
  void verify(RequestId request, std::vector<msg::ImageName> images) override;
  void load(RequestId request, msg::ImageName image, std::span<std::byte> arena) override;
  void reserve(RequestId request, std::uint64_t arena_bytes) override;
  void forget(CapsuleId capsule) override;
  void prune(msg::PruneJob order) override;
  std::vector<StoreEvent> poll() override;

  // An eventfd, readable when poll() has something; poll() empties it.
  [[nodiscard]] int wait_fd() const;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace godwit
