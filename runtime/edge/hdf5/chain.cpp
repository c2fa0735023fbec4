#include "edge/hdf5/chain.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <limits>

namespace godwit {
namespace {

constexpr std::uint64_t slab_bytes_min = 256 << 10;  // less is written in no time
constexpr std::uint64_t places_max = 1 << 16;        // HDF5 takes long to handle more
// HDF5 1.10 keeps the coordinates of irregular selections in 32 bits.
constexpr std::uint64_t extent_max = std::numeric_limits<std::uint32_t>::max();

// Its arrays lie where they lay; what else the manifest says may change.
bool is_like(Chain const& chain, Manifest const& manifest) {
  auto const fits = [](ArrayPlace const& array) {
    return array.offset % tracked_page_bytes == 0 &&
           std::ranges::all_of(array.shape, [](auto extent) { return extent <= extent_max; });
  };
  if (chain.arrays != manifest.arrays || chain.little_endian != manifest.little_endian) return false;
  std::uint64_t end = 0;  // they come in the order of their places, unless they share some
  return std::ranges::all_of(manifest.arrays, [&](ArrayPlace const& array) {
    bool const apart = array.bytes == 0 || array.offset >= end;
    end = std::max(end, array.offset + pages_of(array.bytes) * tracked_page_bytes);
    return apart && fits(array);
  });
}

}  // namespace

std::uint64_t Chain::slab_bytes() const {
  std::uint64_t bytes = 0;
  for (auto const& array : arrays) bytes += layout::is_slab(array) ? array.bytes : 0;
  return bytes;
}

std::vector<Ancestor> Chain::ancestors_of_next() const {
  std::vector<Ancestor> ancestors;
  for (auto file = files.rbegin(); file != files.rend(); ++file)
    ancestors.push_back({file->name, file->root});
  return ancestors;
}

bool Chains::may_build_upon(Chain const& chain, CheckpointLabel const& label,
                            Manifest const& manifest) const {
  if (chain.compressed != label.spec.checkpoint_compress) return false;
  if (chain.files.size() > ancestors_max_ || label.parent != chain.image || !is_like(chain, manifest))
    return false;
  if (chain.slab_bytes() < slab_bytes_min) return false;
  auto const directory = (store_ / chain.image.path).parent_path();
  return std::ranges::all_of(chain.files, [&](Chain::File const& file) {
    struct stat status {};
    return ::stat((directory / file.name).c_str(), &status) == 0 &&
           static_cast<std::uint64_t>(status.st_size) == file.bytes;
  });
}

Chains::Draft Chains::draft(CapsuleId capsule, CheckpointLabel const& label, Manifest const& manifest,
                            std::optional<PageRuns> written) {
  std::lock_guard const lock(mutex_);
  auto& state = states_[capsule];
  Draft draft{++scans_, {}, {}};
  state.scans[draft.scan] = std::move(written);
  if (!state.chain || !may_build_upon(*state.chain, label, manifest)) return draft;
  draft.base = state.chain;
  if (!std::ranges::all_of(state.scans, [](auto const& scan) { return scan.second.has_value(); }))
    return draft;
  PageRuns pages;
  for (auto const& [number, scan] : state.scans) pages = united(pages, *scan);
  auto& own = draft.own.emplace();
  for (auto const& array : manifest.arrays) {
    own.push_back(layout::is_slab(array) ? of_array(pages, array) : PageRuns{});
  }
  if (!pays(*draft.base, own)) draft.base.reset();
  return draft;
}

void Chains::written(CapsuleId capsule, std::uint64_t scan, std::shared_ptr<Chain const> chain) {
  std::lock_guard const lock(mutex_);
  auto const at = states_.find(capsule);
  if (at == states_.end()) return;
  auto& [its_chain, scans] = at->second;
  its_chain = std::move(chain);
  scans.erase(scans.begin(), scans.upper_bound(scan));
}

void Chains::forget(CapsuleId capsule) {
  std::lock_guard const lock(mutex_);
  states_.erase(capsule);
}

// Each restart reads the full one and all that came after it: more than half as much again isn't worth the
// space.
bool Chains::pays(Chain const& base, std::vector<PageRuns> const& own) {
  std::uint64_t bytes = base.own_bytes, places = 0;
  for (auto const& runs : own) {
    bytes += page_count(runs) * tracked_page_bytes;
    places += 2 * runs.size();
  }
  for (auto const& one : base.places) places += one.size();
  return bytes <= base.slab_bytes() / 2 && places <= places_max;
}

}  // namespace godwit
