#include "fuzz/recipe.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>

#include "edge/hdf5/compression.hpp"
#include "edge/hdf5/h5/attribute.hpp"
#include "edge/hdf5/h5/dataset.hpp"
#include "edge/hdf5/h5/error.hpp"
#include "edge/hdf5/h5/file.hpp"
#include "edge/hdf5/h5/memory_file.hpp"
#include "edge/hdf5/h5/space.hpp"
#include "edge/hdf5/h5/type.hpp"
#include "edge/hdf5/layout.hpp"
#include "edge/hdf5/page_digests.hpp"
#include "edge/hdf5/places.hpp"
#include "edge/hdf5/seal.hpp"
#include "fuzz/fuzz.hpp"

namespace godwit::fuzz {
namespace {

constexpr std::uint64_t array_bytes_max = 1 << 20;  // of one that is really made
constexpr std::size_t arrays_max = 8;
constexpr std::uint64_t head_bytes_of_increment = 256 << 10;
constexpr std::uint64_t ancestor_bytes = 16 * tracked_page_bytes;

Bytes filled(ByteView pattern, std::uint64_t bytes) {
  Bytes all(bytes);
  for (std::uint64_t at = 0; at < bytes && !pattern.empty(); at += pattern.size()) {
    std::copy_n(pattern.begin(), std::min<std::uint64_t>(pattern.size(), bytes - at), all.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return all;
}

Bytes ancestor_content() { return filled(view_of("an ancestor's "), ancestor_bytes); }

// How many elements, if that many are made.
std::optional<std::uint64_t> elements_of(std::vector<std::uint64_t> const& shape, std::uint64_t width) {
  std::uint64_t elements = 1;
  bool overflow = shape.size() > 32;
  for (auto const extent : shape) overflow |= __builtin_mul_overflow(elements, extent, &elements);
  if (overflow || elements > array_bytes_max / width) return std::nullopt;
  return elements;
}

layout::Blocks right_blocks(ByteView content, std::uint32_t format) {
  layout::Blocks blocks;
  while (!content.empty()) {
    auto const block = content.first(std::min<std::size_t>(content.size(), layout::block_bytes));
    blocks.push_back(format < layout::format_of_page_digests ? digest_of(block).value : block_digest(block));
    content = content.subspan(block.size());
  }
  return blocks;
}

class Kitchen {
 public:
  explicit Kitchen(Recipe const& recipe) : recipe_(recipe) {
    if (auto manifest = decode<Manifest>(recipe.manifest)) arrays_ = std::move(manifest->arrays);
    if (arrays_.size() > arrays_max) throw h5::Error("more arrays than the fuzzer makes");
    parts_ = recipe.arrays;
    parts_.resize(arrays_.size());
    for (auto const& part : parts_) area_.insert(area_.end(), part.data.begin(), part.data.end());
    area_.resize(pages_of(area_.size()) * tracked_page_bytes);
  }

  Bytes make() {
    file_ = h5::create_file("checkpoint", h5::file_creation(seal_bytes), access_);
    put_attributes();
    auto const integrity = h5::create_group(file_, "integrity");
    auto const blocks = h5::create_group(integrity, "blocks");
    auto const state = h5::create_group(file_, "state");
    if (is_increment()) {
      put_needed(integrity);
      put_places(h5::create_group(integrity, "places"));
    }
    if (has_chunks()) put_chunks(h5::create_group(integrity, "chunks"));
    std::vector<layout::Blocks> all;
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
      auto const content = !layout::is_slab(arrays_[i])  ? put_array(i, state)
                           : is_increment()              ? content_by_places(i)
                           : !parts_[i].chunks.empty()   ? content_by_chunks(i)
                                                         : put_array(i, state);
      auto const& given = parts_[i].blocks;
      all.push_back(given.empty() ? right_blocks(content, recipe_.format) : given);
      auto const& digests = all.back();
      put_numbers(blocks, layout::link_name(arrays_[i].name), Scalar::u64, {digests.size()}, std::as_bytes(std::span(digests)));
    }
    h5::close_file(std::move(file_));
    return sealed(all);
  }

  [[nodiscard]] std::uint64_t slab() const { return slab_.value_or(0); }

 private:
  [[nodiscard]] bool is_increment() const { return !recipe_.needed.empty(); }

  [[nodiscard]] bool has_chunks() const {
    return std::ranges::any_of(parts_, [](RecipeArray const& part) { return !part.chunks.empty(); });
  }
  // What lies behind its head are the pages and chunks that the recipe has, not what HDF5 puts there.
  [[nodiscard]] bool has_area() const { return is_increment() || has_chunks(); }

  static void put_numbers(h5::Id const& where, std::string const& name, Scalar scalar, std::vector<std::uint64_t> const& shape,
                          ByteView values) {
    auto const layout = values.size() <= layout::compact_bytes_max ? h5::Layout::compact : h5::Layout::contiguous_now;
    auto const dataset = h5::create_dataset(where, name, h5::type_of(scalar), h5::space_of(shape), layout);
    if (!values.empty()) h5::write_dataset(dataset, h5::type_of(scalar), values.data());
  }
  static void put_texts(h5::Id const& where, std::string const& name, std::vector<std::string> const& texts) {
    if (texts.empty()) return;
    std::size_t longest = 1;
    for (auto const& text : texts) longest = std::max(longest, text.size());
    std::string values(longest * texts.size(), '\0');
    for (std::size_t i = 0; i < texts.size(); ++i) texts[i].copy(values.data() + i * longest, longest);
    auto const type = h5::text_type(longest);
    auto const space = texts.size() == 1 ? h5::scalar_space() : h5::space_of({texts.size()});
    auto const layout = values.size() <= layout::compact_bytes_max ? h5::Layout::compact : h5::Layout::contiguous_now;
    h5::write_dataset(h5::create_dataset(where, name, type, space, layout), type, values.data());
  }

  void put_attributes() {
    h5::put(file_, "format_version", recipe_.format);
    h5::put(file_, "job", recipe_.job);
    if (recipe_.element != 0) h5::put(file_, "element", recipe_.element);
    put_numbers(file_, "label", Scalar::u8, {recipe_.label.size()}, recipe_.label);
    put_numbers(file_, "manifest", Scalar::u8, {recipe_.manifest.size()}, recipe_.manifest);
    put_texts(file_, "job", recipe_.specification);
    if (!recipe_.output.empty()) put_texts(h5::create_group(file_, "log"), "stdout", recipe_.output);
  }
  void put_needed(h5::Id const& integrity) {
    std::size_t longest = 1;
    for (auto const& [name, root] : recipe_.needed) longest = std::max(longest, name.size());
    Bytes rows;
    for (auto const& [name, given] : recipe_.needed) {
      auto const root = name == "1-1.h5" ? ancestor(scratch()).root : given;
      ancestors_.push_back({name, {root}});
      auto row = filled({}, longest + 8);
      std::memcpy(row.data(), name.data(), name.size());
      std::memcpy(row.data() + longest, &root, sizeof root);
      rows.insert(rows.end(), row.begin(), row.end());
    }
    auto const type = h5::file_and_root_type(longest);
    auto const layout = rows.size() <= layout::compact_bytes_max ? h5::Layout::compact : h5::Layout::contiguous_now;
    h5::write_dataset(h5::create_dataset(integrity, "requires", type, h5::space_of({recipe_.needed.size()}), layout), type, rows.data());
  }
  [[nodiscard]] static std::uint64_t begin_of(std::uint64_t file) {
    return file == 0 ? head_bytes_of_increment : ancestor(scratch()).slab;
  }
  void put_places(h5::Id const& group) const {
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
      Places places;
      for (auto const& row : parts_[i].places) places.push_back({row.first, row.count, row.file, row.offset + begin_of(row.file)});
      put_numbers(group, layout::link_name(arrays_[i].name), Scalar::u64, {places.size(), 4}, std::as_bytes(std::span(places)));
    }
  }
  void put_chunks(h5::Id const& group) const {
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
      auto rows = parts_[i].chunks;
      for (auto& row : rows) row.address += begin_of(row.file);
      static_assert(sizeof(RecipeChunk) == 40);
      put_numbers(group, layout::link_name(arrays_[i].name), Scalar::u64, {rows.size(), 5}, std::as_bytes(std::span(rows)));
    }
  }
  // Of a file that needs no others.
  [[nodiscard]] Bytes content_by_chunks(std::size_t i) const {
    Bytes content(std::min(arrays_[i].bytes, array_bytes_max));
    for (auto const& row : parts_[i].chunks) {
      if (row.whole > array_bytes_max || row.stored > area_.size() || row.address > area_.size() - row.stored) continue;
      Bytes whole(row.whole);
      auto const width = std::max<std::uint64_t>(1, width_bytes(arrays_[i].scalar));
      if (row.first >= content.size() || !expand(ByteView(area_).subspan(row.address, row.stored), width, whole)) continue;
      std::copy_n(whole.begin(), std::min(whole.size(), content.size() - row.first), content.begin() + static_cast<std::ptrdiff_t>(row.first));
    }
    return content;
  }
  [[nodiscard]] Bytes content_by_places(std::size_t i) const {
    auto const bytes = std::min(arrays_[i].bytes, array_bytes_max);
    auto const before = ancestor_content();
    Bytes content(bytes);
    std::uint64_t at = 0;
    for (auto const& row : parts_[i].places) {
      auto const& from = row.file == 0 ? area_ : before;
      for (std::uint64_t page = 0; page < row.count && at < bytes; ++page, at += tracked_page_bytes) {
        auto const offset = row.offset + page * tracked_page_bytes;
        auto const part = std::min(tracked_page_bytes, bytes - at);
        if (offset < from.size() && part <= from.size() - offset) std::memcpy(content.data() + at, from.data() + offset, part);
      }
    }
    return content;
  }

  // With storage of its own if it is large; what it should hold, by the manifest.
  Bytes put_array(std::size_t i, h5::Id const& state) {
    auto const& array = arrays_[i];
    auto const& part = parts_[i];
    auto const scalar = width_bytes(array.scalar) == 0 ? Scalar::u8 : array.scalar;
    auto const width = width_bytes(scalar);
    auto shape = part.shape.empty() ? array.shape : part.shape;
    auto elements = elements_of(shape, width);
    if (!elements) {
      shape = {1};
      elements = 1;
    }
    auto const bytes = *elements * width;
    auto const type = h5::type_of(scalar);
    auto const name = layout::link_name(array.name);
    auto const data = filled(part.data, bytes);
    if (bytes > layout::compact_bytes_max) {
      auto const dataset = h5::create_dataset(state, name, type, h5::space_of(shape), h5::Layout::contiguous_late);
      h5::write_zero(dataset, type, h5::first_element_of(shape));
      auto const offset = h5::storage_offset(dataset).value();
      if (!slab_) slab_ = offset;
      memory_.write(offset, data);
    } else {
      auto const space = shape.empty() && array.bytes == 0 ? h5::null_space() : h5::space_of(shape);
      auto const dataset = h5::create_dataset(state, name, type, space, h5::Layout::compact);
      if (bytes > 0 && !(shape.empty() && array.bytes == 0)) h5::write_dataset(dataset, type, data.data());
    }
    return filled(part.data, std::min(array.bytes, array_bytes_max));
  }

  Bytes sealed(std::vector<layout::Blocks> const& blocks) {
    Seal seal;
    seal.format = recipe_.format;
    seal.file_bytes = memory_.bytes();
    seal.head_bytes = slab_.value_or(seal.file_bytes);
    if (has_area()) {
      if (seal.file_bytes > head_bytes_of_increment) throw h5::Error("more than the fuzzer makes");
      seal.head_bytes = head_bytes_of_increment;
      seal.file_bytes = seal.head_bytes + area_.size();
      memory_.write(seal.head_bytes, area_);
    }
    Bytes bytes(seal.file_bytes);
    memory_.read(0, bytes);
    seal.head = digest_of(ByteView(bytes).first(seal.head_bytes).subspan(seal_bytes));
    if (auto const label = decode<layout::LabelRecord>(recipe_.label)) {
      seal.root = layout::root_digest(layout::label_of(*label), digest_of(recipe_.manifest), blocks, layout::roots_of(ancestors_));
    }
    std::ranges::copy(to_bytes(seal, "made by a fuzzer"), bytes.begin());
    return bytes;
  }

  Recipe const& recipe_;
  std::vector<ArrayPlace> arrays_;
  std::vector<RecipeArray> parts_;
  Bytes area_;  // behind an increment's head
  std::vector<godwit::Ancestor> ancestors_;
  std::optional<std::uint64_t> slab_;
  h5::MemoryFile memory_{layout::compact_bytes_max + 1, layout::slab_alignment};
  h5::Id access_{h5::file_access()};
  h5::Id driver_{h5::keep_in_memory(access_, memory_)};
  h5::Id file_;
};

Ancestor make_ancestor(std::filesystem::path const& directory) {
  h5::Quiet const quiet;
  Manifest manifest;
  manifest.job = {7};
  manifest.arena_bytes = ancestor_bytes;
  manifest.arrays.push_back({"temperature", Scalar::u8, {ancestor_bytes}, 0, ancestor_bytes});
  layout::LabelRecord label;
  label.job = {7};
  label.epoch = {1};
  label.generation = {1};
  Recipe recipe;
  recipe.format = checkpoint_format;
  recipe.job = 7;
  recipe.label = encode(label);
  recipe.manifest = encode(manifest);
  recipe.arrays.push_back({to_bytes("an ancestor's "), {}, {}, {}, {}});
  Kitchen kitchen(recipe);
  auto const bytes = kitchen.make();
  put_file(directory / "1-1.h5", bytes);
  auto const seal = parse_seal(ByteView(bytes).first(seal_bytes), bytes.size());
  require(seal.ok(), "the ancestor isn't sealed");
  return {seal->root.value, kitchen.slab()};
}

}  // namespace

Ancestor const& ancestor(std::filesystem::path const& directory) {
  static Ancestor const made = make_ancestor(directory);
  return made;
}

bool make_file(Recipe const& recipe, std::filesystem::path const& path) {
  h5::Quiet const quiet;
  try {
    Kitchen kitchen(recipe);
    put_file(path, kitchen.make());
    return true;
  } catch (h5::Error const&) {
    return false;
  }
}

}  // namespace godwit::fuzz
