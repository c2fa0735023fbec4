#include "edge/hdf5/image_writer.hpp"

#include <algorithm>
#include <future>

#include "edge/hdf5/draft.hpp"
#include "edge/hdf5/h5/error.hpp"
#include "edge/hdf5/slab_writer.hpp"

namespace godwit {

std::vector<PageDigests> digests_of(std::vector<ByteView> const& arrays) {
  std::vector<PageDigests> all;
  for (auto const& array : arrays) all.push_back(page_digests(array));
  return all;
}

namespace {

constexpr std::uint64_t apart_bytes = 4 << 20;  // from here on digesting gets a thread of its own

std::vector<PageDigests> digest(Manifest const& manifest, ImageBytes& image, Increment const* increment) {
  if (image.digests) return *std::move(image.digests);
  if (increment == nullptr) return digests_of(image.arrays);
  auto all = increment->base->digests;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (layout::is_slab(manifest.arrays[i]))
      enter(all[i], increment->own[i], image.arrays[i], manifest.arrays[i].bytes);
    else
      all[i] = page_digests(image.arrays[i]);
  }
  return all;
}

// What the next image may build upon, now that this one is written.
std::shared_ptr<Chain const> chain_of(CheckpointRecord const& record, Skeleton const& skeleton,
                                      WrittenImage const& image, Increment const* increment,
                                      std::vector<PageDigests> digests, Digest root) {
  auto chain = std::make_shared<Chain>();
  chain->image = image.image;
  chain->arrays = record.manifest.arrays;
  chain->little_endian = record.manifest.little_endian;
  chain->compressed = record.label.spec.checkpoint_compress;
  chain->digests = std::move(digests);
  auto const count = chain->arrays.size();
  Chain::File own{std::filesystem::path(image.image.path).filename().string(), root, image.bytes,
                  std::vector<std::uint64_t>(count), std::vector<std::uint64_t>(count), skeleton.chunks()};
  for (auto const& slab : skeleton.slabs()) {
    own.slabs[slab.array] = slab.offset;
    own.pages[slab.array] = pages_of(slab.bytes);
  }
  if (increment != nullptr) {
    chain->files = increment->base->files;
    chain->own_bytes = increment->base->own_bytes;
    for (auto const& pages : own.pages) chain->own_bytes += pages * tracked_page_bytes;
    chain->places = skeleton.places();
    for (auto& places : chain->places) {
      for (auto& place : places) place.file = chain->files.size() - place.file;
    }
  } else {
    for (std::size_t i = 0; i < count; ++i) {
      chain->places.push_back(own.pages[i] == 0 ? Places{} : Places{{0, own.pages[i], 0, own.slabs[i]}});
    }
  }
  chain->files.push_back(std::move(own));
  return chain;
}

Result<WrittenImage> write(std::filesystem::path const& store, CheckpointRecord const& record,
                           ImageBytes image, Increment const* increment) {
  auto const& label = record.label;
  auto const& arrays = record.manifest.arrays;
  WrittenImage written;
  written.image = {label.epoch, label.generation, checkpoint_path(label.job, label.epoch, label.generation)};
  auto draft = Draft::open(store, written.image.path);
  if (!draft) return draft.failure();

  std::uint64_t bytes = 0;
  for (auto const& array : image.arrays) bytes += array.size();
  auto digesting = std::async(bytes >= apart_bytes ? std::launch::async : std::launch::deferred,
                              [&] { return digest(record.manifest, image, increment); });

  Skeleton skeleton(record, increment);
  for (auto const& slab : skeleton.slabs()) {
    SlabWriter writer(*draft, skeleton, slab);
    if (auto status = writer.add(image.arrays[slab.array].first(slab.bytes)); !status) return status.failure();
  }
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    if (!layout::is_slab(arrays[i])) skeleton.put_small(i, image.arrays[i].data());
  }
  auto digests = digesting.get();
  std::vector<layout::Blocks> blocks;
  for (auto const& one : digests) blocks.push_back(blocks_of_pages(one));
  std::vector<Ancestor> ancestors;
  if (increment != nullptr) ancestors = increment->base->ancestors_of_next();
  auto const root =
      layout::root_digest(label, digest_of(record.encoded), blocks, layout::roots_of(ancestors));
  auto const head = skeleton.finish(blocks, root);
  if (auto status = draft->write(0, head); !status) return status.failure();
  if (auto status = draft->publish(); !status) return status.failure();
  written.bytes = std::max<std::uint64_t>(head.size(), skeleton.file_bytes());
  written.chain = chain_of(record, skeleton, written, increment, std::move(digests), root);
  return written;
}

}  // namespace

Result<WrittenImage> write_image(std::filesystem::path const& store, CheckpointRecord const& record,
                                 ImageBytes image, Increment const* increment) {
  try {
    return write(store, record, std::move(image), increment);
  } catch (h5::Error const& error) {
    return retry_later("hdf5", error.what());
  } catch (std::bad_alloc const&) {
    return retry_later("no_memory", "not enough memory to write a checkpoint");
  }
}

}  // namespace godwit
