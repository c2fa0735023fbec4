#include "edge/hdf5/image_writer.hpp"

#include <algorithm>

#include "edge/hdf5/draft.hpp"
#include "edge/hdf5/h5/error.hpp"

namespace godwit {
namespace {

constexpr std::uint64_t writeback_bytes = 8 << 20;  // handed to the disk at a time, while more is digested

layout::Blocks digests_of(ByteView bytes) {
  layout::Blocks blocks;
  while (!bytes.empty()) {
    auto const block = bytes.first(std::min(bytes.size(), layout::block_bytes));
    blocks.push_back(digest_of(block).value);
    bytes = bytes.subspan(block.size());
  }
  return blocks;
}

// Digests each block and writes it while it is in the cache.
Result<layout::Blocks> write_slab(Draft& draft, std::uint64_t offset, ByteView bytes) {
  layout::Blocks blocks;
  std::uint64_t started = 0;
  for (std::uint64_t done = 0; done < bytes.size();) {
    auto const block = bytes.subspan(done, std::min(bytes.size() - done, layout::block_bytes));
    blocks.push_back(digest_of(block).value);
    if (auto status = draft.write(offset + done, block); !status) return status.failure();
    done += block.size();
    if (done - started >= writeback_bytes || done == bytes.size()) {
      draft.start_writeback(offset + started, done - started);
      started = done;
    }
  }
  return blocks;
}

Result<WrittenImage> write(std::filesystem::path const& store, CheckpointRecord const& record, ByteView pages) {
  auto const& label = record.label;
  auto const& arrays = record.manifest.arrays;
  msg::ImageName image{label.epoch, label.generation, checkpoint_path(label.job, label.epoch, label.generation)};
  auto draft = Draft::open(store, image.path);
  if (!draft) return draft.failure();

  Skeleton skeleton(record);
  std::vector<layout::Blocks> blocks(arrays.size());
  for (auto const& slab : skeleton.slabs()) {
    auto written = write_slab(*draft, slab.offset, pages.subspan(arrays[slab.array].offset, slab.bytes));
    if (!written) return written.failure();
    blocks[slab.array] = *std::move(written);
  }
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    if (layout::is_slab(arrays[i])) continue;
    auto const values = pages.subspan(arrays[i].offset, arrays[i].bytes);
    skeleton.put_small(i, values.data());
    blocks[i] = digests_of(values);
  }
  auto const root = layout::root_digest(label, digest_of(record.encoded), blocks);
  auto const head = skeleton.finish(blocks, root);
  if (auto status = draft->write(0, head); !status) return status.failure();
  if (auto status = draft->publish(); !status) return status.failure();
  return WrittenImage{image, std::max<std::uint64_t>(head.size(), skeleton.file_bytes())};
}

}  // namespace

Result<WrittenImage> write_image(std::filesystem::path const& store, CheckpointRecord const& record, ByteView pages) {
  try {
    return write(store, record, pages);
  } catch (h5::Error const& error) {
    return retry_later("hdf5", error.what());
  } catch (std::bad_alloc const&) {
    return retry_later("no_memory", "not enough memory to write a checkpoint");
  }
}

}  // namespace godwit
