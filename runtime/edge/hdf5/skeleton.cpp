#include "edge/hdf5/skeleton.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "edge/hdf5/chunk_lists.hpp"
#include "edge/hdf5/h5/attribute.hpp"
#include "edge/hdf5/specification.hpp"
#include "edge/hdf5/h5/dataset.hpp"
#include "edge/hdf5/h5/error.hpp"
#include "edge/hdf5/h5/file.hpp"
#include "edge/hdf5/h5/memory_file.hpp"
#include "edge/hdf5/h5/rows.hpp"
#include "edge/hdf5/h5/space.hpp"
#include "edge/hdf5/h5/type.hpp"
#include "edge/hdf5/seal.hpp"
#include "edge/hdf5/virtual_array.hpp"

namespace godwit {
namespace {

constexpr std::uint64_t index_bytes_spare = 8192;  // beside the indexes of chunks: HDF5 takes space by 2048 bytes

h5::Layout layout_for(std::uint64_t bytes) {
  return bytes <= layout::compact_bytes_max ? h5::Layout::compact : h5::Layout::contiguous_now;
}

void put_text_dataset(h5::Id const& group, std::string const& name, std::string_view text) {
  auto const type = h5::text_type(text.size());
  auto const dataset =
      h5::create_dataset(group, layout::link_name(name), type, h5::scalar_space(), layout_for(text.size()));
  h5::write_dataset(dataset, type, text.empty() ? "" : text.data());
}

void put_list_dataset(h5::Id const& group, std::string const& name, Scalar scalar, ByteView values) {
  auto const type = h5::type_of(scalar);
  auto const space = h5::space_of({values.size() / width_bytes(scalar)});
  auto const dataset = h5::create_dataset(group, name, type, space, layout_for(values.size()));
  if (!values.empty()) h5::write_dataset(dataset, type, values.data());
}

// Texts as texts of varying length; a map as pairs of "key" and "value".
void put_plain_list(h5::Id const& group, std::string const& name, Field const& field) {
  auto const kinds = field.form == FieldForm::map ? std::vector{field.key, field.to}
                                                  : std::vector{PlainKind{FieldForm::text, Scalar::u8}};
  h5::Rows rows(kinds);
  PlainValues values(field);
  while (auto const value = values.next()) rows.add(*value);
  auto const dataset =
      h5::create_dataset(group, name, rows.type(), h5::space_of({rows.count()}), h5::Layout::of_texts);
  if (rows.count() > 0) h5::write_dataset(dataset, rows.type(), rows.bytes().data());
}

void put_field(h5::Id const& state, Field const& field) {
  auto const name = layout::link_name(field.name);
  switch (field.form) {
    case FieldForm::text:
      return put_text_dataset(state, field.name, to_text(field.value));
    case FieldForm::list:
      return put_list_dataset(state, name, field.scalar, field.value);
    case FieldForm::number: {
      auto const type = h5::type_of(field.scalar);
      auto const dataset = h5::create_dataset(state, name, type, h5::scalar_space(), h5::Layout::compact);
      return h5::write_dataset(dataset, type, field.value.data());
    }
    case FieldForm::texts:
    case FieldForm::map:
      return put_plain_list(state, name, field);
  }
}

void put_stream(h5::Id const& files, StreamMark const& stream) {
  auto const group = h5::create_group(files, layout::link_name(stream.name));
  h5::put_text(group, "path", stream.path);
  h5::put_text(group, "mode", layout::mode_text(stream.mode));
  h5::put(group, "offset", stream.offset);
  h5::put(group, "size", stream.size);
  h5::put(group, "synced", stream.synced);
  put_list_dataset(group, "tail", Scalar::u8, stream.tail);
}

void put_label(h5::Id const& root, CheckpointRecord const& record, std::uint32_t format) {
  auto const& label = record.label;
  h5::put(root, "format_version", format);
  h5::put_text(root, "godwit_version", record.software);
  h5::put(root, "job", std::uint64_t{label.job.number()});
  if (label.job.element() != 0) h5::put(root, "element", std::uint64_t{label.job.element()});
  h5::put_text(root, "type", label.spec.type);
  h5::put_text(root, "name", label.spec.name);
  h5::put_text(root, "account", label.spec.account);
  h5::put_text(root, "directory", label.spec.directory);
  std::vector<std::string> arguments;
  for (auto const& [key, value] : label.spec.arguments) arguments.push_back(key + "=" + value);
  h5::put_texts(root, "arguments", arguments);
  h5::put(root, "epoch", label.epoch.value);
  h5::put(root, "generation", label.generation.value);
  h5::put_text(root, "parent", layout::parent_text(label));
  h5::put_text(root, "time", layout::time_text(record.time));
  h5::put(root, "host", label.host.value);
  h5::put_text(root, "node", label.node);
}

void put_manifest_summary(h5::Id const& root, Manifest const& manifest) {
  h5::put(root, "state_version", manifest.state_version);
  h5::put_text(root, "plugin_digest", manifest.plugin_digest);
  h5::put(root, "steps", manifest.steps);
  h5::put(root, "progress_done", manifest.progress.done);
  h5::put(root, "progress_total", manifest.progress.total);
  h5::put_text(root, "progress_unit", manifest.progress.unit);
  h5::put(root, "running_time_ns", std::int64_t{manifest.running_time.count()});
  h5::put(root, "wait_left_ns", std::int64_t{manifest.wait_left.count()});
  h5::put(root, "suspended", manifest.suspended);
  h5::put_text(root, "architecture", manifest.architecture);
  h5::put_text(root, "byte_order", manifest.little_endian ? "little" : "big");
  h5::put(root, "page_bytes", manifest.page_bytes);
  h5::put(root, "arena_bytes", manifest.arena_bytes);
}

}  // namespace

struct Skeleton::Core {
  Core(CheckpointRecord const& record_, Increment const* increment_)
      : record(record_), increment(increment_), chunks(record_.manifest, increment_) {
    if (is_compressed()) h5::keep_small_data_apart(access);
  }

  [[nodiscard]] bool is_compressed() const {
    return record.label.spec.checkpoint_compress && std::ranges::any_of(record.manifest.arrays, layout::is_slab);
  }
  [[nodiscard]] std::uint32_t format() const {
    return is_compressed() ? layout::format_of_compression : layout::format_of_page_digests;
  }
  // An array's own data: storage comes when the first of them do.
  [[nodiscard]] h5::Id create_data(h5::Id const& group, std::string const& name, ArrayPlace const& array,
                                   std::vector<std::uint64_t> const& shape) const {
    auto const space = h5::space_of(shape);
    if (!is_compressed()) return h5::create_dataset(group, name, type_of(array), space, h5::Layout::contiguous_late);
    auto const plan = ChunkPlan(shape, width_bytes(array.scalar));
    return h5::create_chunked_dataset(group, name, type_of(array), space, plan.extents());
  }
  // Behind the space that HDF5 needs to remember where they are.
  void begin_chunks(std::vector<Slab> const& slabs) {
    std::vector<std::uint64_t> own(record.manifest.arrays.size());
    std::uint64_t index_bytes = index_bytes_spare;
    for (auto const& slab : slabs) {
      own[slab.array] = slab.plan->count();
      index_bytes += slab.plan->index_bytes_max();
    }
    chunks.create(h5::open_group(file, "integrity"), own);
    if (!slabs.empty()) memory.begin_data(index_bytes);
  }
  void put_integrity() {
    auto const integrity = h5::create_group(file, "integrity");
    h5::put_text(integrity, "algorithm", "XXH3-64");
    h5::put(integrity, "block_bytes", layout::block_bytes);
    h5::put(integrity, "manifest", digest_of(record.encoded).value);
    h5::put(integrity, "root", std::uint64_t{0});
    if (increment != nullptr) put_requires(integrity);
    auto const group = h5::create_group(integrity, "blocks");
    for (auto const& array : record.manifest.arrays) {
      auto const count = layout::blocks_of(array.bytes);
      blocks.push_back(h5::create_dataset(group, layout::link_name(array.name), h5::type_of(Scalar::u64),
                                          h5::space_of({count}), layout_for(count * 8)));
    }
  }
  void put_requires(h5::Id const& integrity) {
    auto const ancestors = increment->base->ancestors_of_next();
    std::size_t name_bytes = 1;
    for (auto const& one : ancestors) name_bytes = std::max(name_bytes, one.file.size());
    auto const type = h5::file_and_root_type(name_bytes);
    Bytes rows;
    for (auto const& one : ancestors) {
      auto const name = view_of(one.file);
      rows.insert(rows.end(), name.begin(), name.end());
      rows.resize(rows.size() + name_bytes - name.size());
      auto const root = std::as_bytes(std::span(&one.root.value, 1));
      rows.insert(rows.end(), root.begin(), root.end());
    }
    auto const dataset = h5::create_dataset(integrity, "requires", type, h5::space_of({ancestors.size()}),
                                            layout_for(rows.size()));
    h5::write_dataset(dataset, type, rows.data());
  }
  // Where the pages of an array lie once this file is the newest; its own from `own_offset` on.
  [[nodiscard]] Places places_of(std::size_t array, std::uint64_t own_offset) const {
    auto const& base = *increment->base;
    auto below = base.places[array];
    for (auto& place : below) place.file = base.files.size() - place.file;
    return over(below, packed(increment->own[array], 0, own_offset));
  }
  // What it has itself, and a virtual dataset over that and what others have.
  void put_increment_of(std::size_t i, h5::Id const& state, h5::Id const& own, h5::Id const& all_places) {
    auto const& array = record.manifest.arrays[i];
    auto const& base = *increment->base;
    auto const name = layout::link_name(array.name);
    auto const width = width_bytes(array.scalar);
    auto const own_elements = page_count(increment->own[i]) * tracked_page_bytes / width;
    if (own_elements > 0) {
      auto const group = h5::create_group(own, name);
      arrays[i] = create_data(group, "data", array, {own_elements});
    }
    std::vector<SourceDataset> sources{{".", "/own/" + name + "/data", {own_elements}}};
    for (auto file = base.files.rbegin(); file != base.files.rend(); ++file) {
      bool const full = std::next(file) == base.files.rend();
      sources.push_back({file->name, full ? "/state/" + name : "/own/" + name + "/data",
                         full ? array.shape : std::vector{file->pages[i] * tracked_page_bytes / width}});
    }
    auto places = places_of(i, 0);
    for (auto& place : places) {
      if (place.file != 0) place.offset -= base.files[base.files.size() - place.file].slabs[i];
    }
    mappings.push_back(create_virtual_array(state, name, i, array, order(), places, sources));
    place_lists[i] = h5::create_dataset(all_places, name, h5::type_of(Scalar::u64),
                                        h5::space_of({places.size(), 4}), layout_for(places.size() * 32));
  }
  void put_increment(h5::Id const& state) {
    auto const own = h5::create_group(file, "own");
    auto const all_places = h5::create_group(h5::open_group(file, "integrity"), "places");
    place_lists.resize(record.manifest.arrays.size());
    for (std::size_t i = 0; i < record.manifest.arrays.size(); ++i) {
      if (layout::is_slab(record.manifest.arrays[i])) put_increment_of(i, state, own, all_places);
    }
  }
  void put_arrays(h5::Id const& state) {
    for (auto const& array : record.manifest.arrays) {
      if (increment != nullptr && layout::is_slab(array)) {
        arrays.emplace_back();
        continue;
      }
      auto const name = layout::link_name(array.name);
      if (layout::is_slab(array)) {
        arrays.push_back(create_data(state, name, array, array.shape));
        continue;
      }
      auto const space =
          array.bytes == 0 && array.shape.empty() ? h5::null_space() : h5::space_of(array.shape);
      arrays.push_back(h5::create_dataset(state, name, type_of(array), space, h5::Layout::compact));
    }
  }

  // Arrays are stored as they lie in memory.
  [[nodiscard]] h5::Order order() const {
    return record.manifest.little_endian ? h5::Order::little : h5::Order::big;
  }
  [[nodiscard]] h5::Id type_of(ArrayPlace const& array) const { return h5::type_of(array.scalar, order()); }

  CheckpointRecord const& record;
  Increment const* increment;
  h5::MemoryFile memory{increment == nullptr ? layout::compact_bytes_max + 1 : tracked_page_bytes,
                        layout::slab_alignment};
  h5::Id access{h5::file_access(increment == nullptr ? h5::Since::v1_8 : h5::Since::v1_10)};
  h5::Id driver{h5::keep_in_memory(access, memory)};
  h5::Id file;
  std::vector<h5::Id> arrays;
  std::vector<h5::Id> blocks;
  std::vector<h5::Id> place_lists;
  ChunkLists chunks;
  std::vector<LateMappings> mappings;
};

Skeleton::Skeleton(CheckpointRecord const& record, Increment const* increment)
    : core_(std::make_unique<Core>(record, increment)) {
  h5::Quiet const quiet;
  auto& file = core_->file;
  file = h5::create_file("checkpoint", h5::file_creation(seal_bytes), core_->access);
  put_label(file, record, core_->format());
  put_manifest_summary(file, record.manifest);
  put_text_dataset(file, "job", specification_of(record.label));
  put_list_dataset(file, "label", Scalar::u8,
                   encode(layout::record_of(record.label, record.time, record.software)));
  put_list_dataset(file, "manifest", Scalar::u8, record.encoded);
  auto const state = h5::create_group(file, "state");
  for (auto const& field : record.manifest.fields) put_field(state, field);
  auto const files = h5::create_group(file, "files");
  for (auto const& stream : record.manifest.streams) put_stream(files, stream);
  auto const log = h5::create_group(file, "log");
  for (auto const& tail : record.logs) put_text_dataset(log, tail.stream, tail.text);
  core_->put_integrity();
  core_->put_arrays(state);
  if (increment != nullptr) core_->put_increment(state);

  auto const& arrays = record.manifest.arrays;
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    auto const& dataset = core_->arrays[i];
    if (!layout::is_slab(arrays[i]) || dataset.get() < 0) continue;
    auto const own_bytes =
        increment == nullptr ? arrays[i].bytes : page_count(increment->own[i]) * tracked_page_bytes;
    auto const width = width_bytes(arrays[i].scalar);
    auto const shape = increment == nullptr ? arrays[i].shape : std::vector{own_bytes / width};
    if (core_->is_compressed()) {
      slabs_.push_back({i, 0, own_bytes, width, ChunkPlan(shape, width)});
      continue;
    }
    h5::write_zero(dataset, core_->type_of(arrays[i]), h5::first_element_of(shape));
    auto const offset = h5::storage_offset(dataset);
    auto const end = slabs_.empty() ? 0 : slabs_.back().offset + slabs_.back().bytes;
    if (!offset || *offset < end) throw h5::Error("a slab isn't where it should be");
    slabs_.push_back({i, *offset, own_bytes, width, std::nullopt});
  }
  if (core_->is_compressed()) core_->begin_chunks(slabs_);
}

std::uint64_t Skeleton::put_chunk(Slab const& slab, ChunkPlan::Chunk const& chunk, ByteView stored) {
  h5::Quiet const quiet;
  auto const whole = slab.plan->chunk_bytes();
  h5::write_chunk(core_->arrays[slab.array], chunk.corner, stored, stored.size() < whole);
  auto const address = core_->memory.last_data();
  core_->chunks.add(slab.array, {chunk.first, address, stored.size(), whole});
  return address;
}

std::vector<std::vector<StoredChunk>> const& Skeleton::chunks() const { return core_->chunks.own(); }

Skeleton::~Skeleton() = default;

std::uint64_t Skeleton::file_bytes() const {
  if (core_->is_compressed()) return core_->memory.bytes();
  return slabs_.empty() ? 0 : slabs_.back().offset + slabs_.back().bytes;
}

std::vector<Places> Skeleton::places() const {
  std::vector<Places> all;
  if (core_->increment == nullptr) return all;
  for (std::size_t i = 0; i < core_->record.manifest.arrays.size(); ++i) {
    auto& places = all.emplace_back();
    if (!layout::is_slab(core_->record.manifest.arrays[i])) continue;
    auto const slab = std::ranges::find(slabs_, i, &Slab::array);
    places = core_->places_of(i, slab == slabs_.end() ? 0 : slab->offset);
  }
  return all;
}

void Skeleton::put_small(std::size_t array, std::byte const* values) {
  auto const& place = core_->record.manifest.arrays[array];
  if (place.bytes > 0) h5::write_dataset(core_->arrays[array], core_->type_of(place), values);
}

Bytes Skeleton::finish(std::vector<layout::Blocks> const& blocks, Digest root) {
  h5::Quiet const quiet;
  auto& core = *core_;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (!blocks[i].empty()) h5::write_dataset(core.blocks[i], h5::type_of(Scalar::u64), blocks[i].data());
  }
  auto const all_places = places();
  for (std::size_t i = 0; i < all_places.size(); ++i) {
    if (all_places[i].empty()) continue;
    static_assert(sizeof(Place) == 32);
    h5::write_dataset(core.place_lists[i], h5::type_of(Scalar::u64), all_places[i].data());
  }
  core.chunks.write();
  h5::put(h5::open_group(core.file, "integrity"), "root", root.value);
  core.arrays.clear();
  core.blocks.clear();
  core.place_lists.clear();
  h5::close_file(std::move(core.file));

  Seal seal;
  seal.format = core.format();
  seal.file_bytes = core.memory.bytes();
  if (!slabs_.empty() && seal.file_bytes != file_bytes()) throw h5::Error("something lies behind the slabs");
  if (slabs_.empty())
    seal.head_bytes = seal.file_bytes;
  else
    seal.head_bytes = core.is_compressed() ? core.memory.data_begin().value() : slabs_.front().offset;
  Bytes head(seal.head_bytes);
  core.memory.read(0, head);
  for (auto const& late : core.mappings) late.enter(head);
  seal.head = digest_of(ByteView(head).subspan(seal_bytes));
  seal.root = root;
  auto const& label = core.record.label;
  auto const note = fmt::format(
      "Godwit checkpoint of job {} ({}), epoch {}, generation {}.\nHDF5 with a user block: read it with "
      "h5dump, h5ls, h5py, or godwit inspect show.\n",
      label.job, label.spec.type, label.epoch, label.generation);
  auto const sealed = to_bytes(seal, note);
  std::copy(sealed.begin(), sealed.end(), head.begin());
  return head;
}

}  // namespace godwit
