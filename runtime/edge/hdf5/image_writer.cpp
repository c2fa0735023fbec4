#include "edge/hdf5/image_writer.hpp"

#include <algorithm>
#include <future>

#include "edge/hdf5/draft.hpp"
#include "edge/hdf5/h5/error.hpp"

namespace godwit {
namespace {

constexpr std::uint64_t apart_bytes = 4 << 20;  // from here on digesting gets a thread of its own

using ArrayBlocks = std::vector<layout::Blocks>;

ArrayBlocks digests_of(Manifest const& manifest, ByteView pages) {
  ArrayBlocks all;
  for (auto const& array : manifest.arrays) {
    auto& blocks = all.emplace_back();
    for (std::uint64_t done = 0; done < array.bytes; done += layout::block_bytes) {
      auto const bytes = std::min(array.bytes - done, layout::block_bytes);
      blocks.push_back(digest_of(pages.subspan(array.offset + done, bytes)).value);
    }
  }
  return all;
}

Result<WrittenImage> write(std::filesystem::path const& store, CheckpointRecord const& record,
                           ByteView pages) {
  auto const& label = record.label;
  auto const& arrays = record.manifest.arrays;
  msg::ImageName image{label.epoch, label.generation,
                       checkpoint_path(label.job, label.epoch, label.generation)};
  auto draft = Draft::open(store, image.path);
  if (!draft) return draft.failure();

  auto const how = record.manifest.arena_bytes >= apart_bytes ? std::launch::async : std::launch::deferred;
  auto digests = std::async(how, [&] { return digests_of(record.manifest, pages); });

  Skeleton skeleton(record);
  for (auto const& slab : skeleton.slabs()) {
    auto const bytes = pages.subspan(arrays[slab.array].offset, slab.bytes);
    if (auto status = draft->write_bulk(slab.offset, bytes); !status) return status.failure();
  }
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    if (!layout::is_slab(arrays[i])) skeleton.put_small(i, pages.data() + arrays[i].offset);
  }
  auto const blocks = digests.get();
  auto const root = layout::root_digest(label, digest_of(record.encoded), blocks);
  auto const head = skeleton.finish(blocks, root);
  if (auto status = draft->write(0, head); !status) return status.failure();
  if (auto status = draft->publish(); !status) return status.failure();
  return WrittenImage{image, std::max<std::uint64_t>(head.size(), skeleton.file_bytes())};
}

}  // namespace

Result<WrittenImage> write_image(std::filesystem::path const& store, CheckpointRecord const& record,
                                 ByteView pages) {
  try {
    return write(store, record, pages);
  } catch (h5::Error const& error) {
    return retry_later("hdf5", error.what());
  } catch (std::bad_alloc const&) {
    return retry_later("no_memory", "not enough memory to write a checkpoint");
  }
}

}  // namespace godwit
