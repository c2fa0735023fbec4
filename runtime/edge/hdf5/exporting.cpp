// CheckpointFile: what it holds, written to files of their own.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "edge/hdf5/checkpoint_core.hpp"
#include "edge/hdf5/draft.hpp"
#include "edge/hdf5/h5/dataset.hpp"
#include "edge/hdf5/h5/error.hpp"
#include "edge/hdf5/h5/file.hpp"
#include "edge/hdf5/h5/property.hpp"
#include "edge/hdf5/h5/space.hpp"
#include "edge/hdf5/skeleton.hpp"
#include "edge/hdf5/slab_writer.hpp"

namespace godwit {

Status CheckpointFile::write_whole(std::filesystem::path const& to) const {
  auto const& arrays = manifest().arrays;
  CheckpointRecord record{label(), manifest(), encoded_manifest(), time(), software(), {}};
  for (auto const& log : logs()) record.logs.push_back({log.stream, log.text});
  try {
    auto const directory = to.has_parent_path() ? to.parent_path() : std::filesystem::path(".");
    auto draft = Draft::open(directory, to.filename().string());
    if (!draft) return draft.failure();
    Skeleton skeleton(record);
    for (auto const& slab : skeleton.slabs()) {
      SlabWriter writer(*draft, skeleton, slab);
      auto left = slab.bytes;
      Bytes buffer(layout::block_bytes);
      for (std::size_t block = 0; block < blocks(slab.array).size(); ++block) {
        auto const part = std::span(buffer).first(std::min<std::uint64_t>(left, buffer.size()));
        if (auto status = read_block(slab.array, block, part); !status) return status;
        if (auto status = writer.add(part); !status) return status;
        left -= part.size();
      }
    }
    std::vector<layout::Blocks> all;
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      all.push_back(blocks(i));
      if (!layout::is_slab(arrays[i])) skeleton.put_small(i, core_->contents.arrays[i].small.data());
    }
    auto const root = layout::root_digest(label(), digest_of(encoded_manifest()), all, {});
    if (auto status = draft->write(0, skeleton.finish(all, root)); !status) return status;
    return draft->publish();
  } catch (h5::Error const& failed) {
    return retry_later("hdf5", failed.what());
  }
}

// Of an array that lies in several files: its dataset is made, and its bytes are put where it keeps them.
Status CheckpointFile::export_array(std::size_t array, std::filesystem::path const& to) const {
  auto const& place = manifest().arrays[array];
  auto target = h5::create_file(to.string(), h5::file_creation(0), h5::file_access());
  auto const order = manifest().little_endian ? h5::Order::little : h5::Order::big;
  auto dataset = h5::create_dataset(target, layout::link_name(place.name), h5::type_of(place.scalar, order),
                                    h5::space_of(place.shape), h5::Layout::contiguous_now);
  auto const offset = h5::storage_offset(dataset);
  if (!offset) throw h5::Error("a dataset has no storage");
  dataset.reset();
  h5::close_file(std::move(target));
  std::fstream file(to, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(*offset));
  Bytes buffer(layout::block_bytes);
  for (std::size_t block = 0; block < blocks(array).size(); ++block) {
    auto const left = place.bytes - block * layout::block_bytes;
    auto const part = std::span(buffer).first(std::min<std::uint64_t>(left, buffer.size()));
    if (auto status = read_block(array, block, part); !status) return status;
    file.write(reinterpret_cast<char const*>(part.data()), static_cast<std::streamsize>(part.size()));
  }
  file.close();
  if (file.fail())
    return retry_later("not_written", fmt::format("{} can't be written; make room there", to.string()));
  return Done{};
}

Status CheckpointFile::export_field(std::string const& field, std::filesystem::path const& to) const {
  std::error_code error;
  if (std::filesystem::exists(to, error))
    return reject("exists", fmt::format("{} exists already", to.string()));
  Status status = Done{};
  try {
    h5::Quiet const quiet;
    auto const& arrays = manifest().arrays;
    auto const array = std::ranges::find(arrays, field, &ArrayPlace::name);
    if (!ancestors().empty() && array != arrays.end() && layout::is_slab(*array)) {
      status = export_array(static_cast<std::size_t>(array - arrays.begin()), to);
    } else {
      auto const source = h5::open_file(path().string());
      auto target = h5::create_file(to.string(), h5::file_creation(0), h5::file_access());
      auto const link = layout::link_name(field);
      h5::copy_object(source, "state/" + link, target, link);
      h5::close_file(std::move(target));
    }
  } catch (h5::Error const& failed) {
    status = retry_later("hdf5", failed.what());
  }
  if (!status) std::filesystem::remove(to, error);
  return status;
}

}  // namespace godwit
