// Chain: what the next generation of a capsule may build upon: the last one that was written, the files that
// it needs, and where each page of it lies. Chains keeps one for each capsule, and which pages were written
// since.
//
// Invariant: a page of the arena that isn't among the scans since the chain's image is as it is in that
// image. A scan that failed to know makes all of them unknown until the next image; what differs is then
// found by digests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "edge/hdf5/checkpoint_file.hpp"
#include "edge/hdf5/compression.hpp"
#include "edge/hdf5/page_digests.hpp"
#include "edge/hdf5/places.hpp"

namespace godwit {

struct Chain {
  struct File {
    std::string name;  // in the job's directory
    Digest root;
    std::uint64_t bytes{0};
    std::vector<std::uint64_t> slabs;  // per array: where its data begin, 0 if it has none
    std::vector<std::uint64_t> pages;  // per array, of its own
    std::vector<std::vector<StoredChunk>> chunks;  // per array, of those that are compressed; its slab is 0
  };
  msg::ImageName image;
  std::vector<ArrayPlace> arrays;
  bool little_endian{true};
  bool compressed{false};
  std::vector<PageDigests> digests;  // per array
  std::vector<Places> places;        // per array in a slab; `file` is an index of `files`
  std::vector<File> files;           // the full one first, the image's own last
  std::uint64_t own_bytes{0};        // of all files since the full one

  [[nodiscard]] std::uint64_t slab_bytes() const;
  [[nodiscard]] std::vector<Ancestor> ancestors_of_next() const;  // the newest first
};

// What a file holds that isn't a full one.
struct Increment {
  std::shared_ptr<Chain const> base;
  std::vector<PageRuns> own;  // per array: the pages that it holds itself; of arrays in slabs
};

class Chains {
 public:
  // `ancestors_max` 0: each generation is a full one.
  Chains(std::filesystem::path store, std::size_t ancestors_max)
      : store_(std::move(store)), ancestors_max_(ancestors_max) {}

  struct Draft {
    std::uint64_t scan{0};
    std::shared_ptr<Chain const> base;         // null: it is to be a full one
    std::optional<std::vector<PageRuns>> own;  // none: unknown, but for digests
  };
  // `written`: what the capsule's WrittenPages said for this image.
  [[nodiscard]] Draft draft(CapsuleId capsule, CheckpointLabel const& label, Manifest const& manifest,
                            std::optional<PageRuns> written);
  // An image is durable; `scan` is its draft's.
  void written(CapsuleId capsule, std::uint64_t scan, std::shared_ptr<Chain const> chain);
  void forget(CapsuleId capsule);

  // Does that pay, or is a full one due?
  [[nodiscard]] static bool pays(Chain const& base, std::vector<PageRuns> const& own);

 private:
  struct State {
    std::shared_ptr<Chain const> chain;
    std::map<std::uint64_t, std::optional<PageRuns>> scans;  // since its image
  };
  [[nodiscard]] bool may_build_upon(Chain const& chain, CheckpointLabel const& label,
                                    Manifest const& manifest) const;

  std::filesystem::path const store_;
  std::size_t const ancestors_max_;
  std::mutex mutex_;
  std::map<CapsuleId, State> states_;
  std::uint64_t scans_{0};
};

}  // namespace godwit
