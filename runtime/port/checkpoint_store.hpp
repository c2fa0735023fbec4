// CheckpointStore: images to and from HDF5 files in the store. Work is done on threads of the adapter;
// answers come from poll(). A file is published whole (temporary name, fsync, rename, directory fsync)
// or not at all, and never replaces another.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "job/spec.hpp"
#include "message/message.hpp"
#include "port/written_pages.hpp"
#include "state/manifest.hpp"

namespace godwit {

// What a checkpoint file records beside the manifest.
struct CheckpointLabel {
  JobId job;
  Epoch epoch;
  Generation generation;
  std::optional<msg::ImageName> parent;
  JobSpec spec;
  Rank host;
  std::string node;
  JobId clone_of{};  // 0: none
};

// Where an arena comes from, and what is known of it.
struct ArenaSource {
  CapsuleId capsule;
  WrittenPages* written{
      nullptr};  // as long as the arena may be read; null: nobody tells which pages were written
};

// STORE-relative: jobs/<id>/checkpoints/<epoch>-<generation>.h5
[[nodiscard]] std::string checkpoint_path(JobId job, Epoch epoch, Generation generation);

namespace stored {

struct Staged { RequestId request; };  // the arena has been copied: the job may be thawed
struct Written { RequestId request; Result<msg::ImageName> image; std::uint64_t bytes{0}; };
struct Verified {  // the first image that verifies is chosen; its manifest is here
  RequestId request;
  Result<msg::ImageName> image;
  Bytes manifest;
  std::uint64_t arena_bytes{0};
  std::vector<Failure> set_aside;
};
struct Loaded { RequestId request; Status status; };  // its pages are in the arena
struct Reserved { RequestId request; };  // staging memory is touched, as far as there is any: freeze now

struct Pruned { RequestId request; msg::Pruned what; bool trial{false}; };

}  // namespace stored

using StoreEvent = std::variant<stored::Staged, stored::Written, stored::Verified, stored::Loaded,
                                stored::Reserved, stored::Pruned>;

class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;

  // Copies `arena` to touched staging memory, says Staged, then writes behind and says Written.
  // The arena must stay unchanged until Staged. If the label's parent is the last image of the same capsule
  // that was written, an adapter may keep only what has changed since: the pages that `source.written` names,
  // of which those of a write that fails belong to the next one too.
  virtual void write(RequestId request, CheckpointLabel label, Bytes manifest,
                     std::span<std::byte const> arena, ArenaSource source) = 0;
  // Verifies images in the order given, without loading bulk data into a job's memory.
  virtual void verify(RequestId request, std::vector<msg::ImageName> images) = 0;
  // Reads the pages of an image into the arena (zero-filled, at least arena_bytes long), checking digests.
  virtual void load(RequestId request, msg::ImageName image, std::span<std::byte> arena) = 0;
  // Touches staging memory for an image of this size, while the job still runs; then says Reserved.
  virtual void reserve(RequestId request, std::uint64_t arena_bytes) = 0;

  // No more images of this capsule will be written.
  virtual void forget(CapsuleId capsule) = 0;

  // Throws away the generations that checkpoint/retention.hpp finds superfluous among the job's files, newest first; and
  // none unless one of those that stay verifies. Also what crashed writers left, where they are known to have ended.
  virtual void prune(msg::PruneJob order) = 0;

  virtual std::vector<StoreEvent> poll() = 0;
};

}  // namespace godwit
