#include "edge/hdf5/virtual_array.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "edge/hdf5/h5/error.hpp"
#include "edge/hdf5/h5/file.hpp"
#include "edge/hdf5/h5/mapping_block.hpp"
#include "edge/hdf5/h5/memory_file.hpp"
#include "edge/hdf5/h5/property.hpp"
#include "edge/hdf5/h5/selection.hpp"
#include "edge/hdf5/h5/space.hpp"
#include "edge/hdf5/layout.hpp"
#include "edge/hdf5/seal.hpp"

namespace godwit {
namespace {

constexpr std::size_t ranges_of_mapping = 64;

using Value = std::array<std::byte, 8>;

template <class T>
Value bytes_of(T value) {
  Value bytes{};
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

// No value that a job is likely to have there, and above all not zero.
Value missing_value(Scalar scalar) {
  switch (scalar) {
    case Scalar::boolean:
    case Scalar::i8:
      return bytes_of(std::numeric_limits<std::int8_t>::min());
    case Scalar::i16:
      return bytes_of(std::numeric_limits<std::int16_t>::min());
    case Scalar::i32:
      return bytes_of(std::numeric_limits<std::int32_t>::min());
    case Scalar::i64:
      return bytes_of(std::numeric_limits<std::int64_t>::min());
    case Scalar::u8:
    case Scalar::u16:
    case Scalar::u32:
    case Scalar::u64:
      return bytes_of(std::numeric_limits<std::uint64_t>::max());
    case Scalar::f32:
      return bytes_of(std::numeric_limits<float>::quiet_NaN());
    case Scalar::f64:
      return bytes_of(std::numeric_limits<double>::quiet_NaN());
  }
  return {};
}

struct Ranges {
  std::vector<h5::Range> in_array, in_source;
};

// Gives each source's ranges to `tell`, as many at a time as one mapping takes.
template <class Tell>
class Mappings {
 public:
  Mappings(ArrayPlace const& array, std::vector<SourceDataset> const& sources, Tell tell)
      : array_(array), sources_(sources), tell_(std::move(tell)), ranges_(sources.size()) {}

  void add_all(Places const& places) {
    for (auto const& place : places) add(place);
    for (std::size_t i = 0; i < sources_.size(); ++i) flush(i);
  }

 private:
  void add(Place const& place) {
    auto& ranges = ranges_[place.file];
    auto const width = width_bytes(array_.scalar);
    auto const first = place.first * tracked_page_bytes;
    auto const end = std::min(first + place.count * tracked_page_bytes, array_.bytes);
    if (ranges.in_array.size() == ranges_of_mapping) flush(place.file);
    join(ranges.in_array, {first / width, end / width});
    join(ranges.in_source, {place.offset / width, (place.offset + end - first) / width});
  }
  void flush(std::size_t source) {
    auto& ranges = ranges_[source];
    if (!ranges.in_array.empty()) tell_(sources_[source], ranges);
    ranges.in_array.clear();
    ranges.in_source.clear();
  }
  static void join(std::vector<h5::Range>& ranges, h5::Range range) {
    if (!ranges.empty() && ranges.back().second == range.first)
      ranges.back().second = range.second;
    else
      ranges.push_back(range);
  }

  ArrayPlace const& array_;
  std::vector<SourceDataset> const& sources_;
  Tell tell_;
  std::vector<Ranges> ranges_;
};

h5::Id creation_of(ArrayPlace const& array, h5::Order order, h5::Id const& type) {
  auto properties = h5::dataset_creation(h5::Layout::mapped);
  auto value = missing_value(array.scalar);
  if (order != (own_order_is_little ? h5::Order::little : h5::Order::big)) {
    std::reverse(value.begin(), value.begin() + width_bytes(array.scalar));
  }
  h5::check(H5Pset_fill_value(properties.get(), type.get(), value.data()),
            "choosing a value for what is missing");
  return properties;
}

h5::Id create(h5::Id const& group, std::string const& name, h5::Id const& type, h5::Id const& space, h5::Id const& properties) {
  return {h5::check(H5Dcreate2(group.get(), name.c_str(), type.get(), space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
                    "creating dataset " + name),
          &H5Dclose};
}

void map_all(h5::Id& properties, h5::Id const& space, std::string const& file) {
  h5::check(H5Pset_virtual(properties.get(), space.get(), file.c_str(), h5::stand_in_path, space.get()), "mapping an array");
}

// Does this HDF5 write a stand-in as it is known here?
bool stand_ins_are_known() {
  static bool const known = [] {
    try {
      auto const stand_in = h5::stand_in_of(200, 0);
      h5::MemoryFile memory(layout::compact_bytes_max, layout::slab_alignment);
      auto const access = h5::file_access(h5::Since::v1_10);
      auto const driver = h5::keep_in_memory(access, memory);
      auto file = h5::create_file("probe", h5::file_creation(seal_bytes), access);
      auto properties = h5::dataset_creation(h5::Layout::mapped);
      auto const space = h5::space_of({16});
      map_all(properties, space, stand_in.file);
      create(file, "array", h5::type_of(Scalar::u8), space, properties);
      h5::close_file(std::move(file));
      Bytes written(memory.bytes());
      memory.read(0, written);
      return h5::only_place_of(stand_in.block, written) != h5::npos;
    } catch (h5::Error const&) {
      return false;
    }
  }();
  return known;
}

}  // namespace

LateMappings create_virtual_array(h5::Id const& group, std::string const& name, std::size_t number, ArrayPlace const& array,
                                  h5::Order order, Places const& places, std::vector<SourceDataset> const& sources,
                                  Spelling spelling) {
  auto const type = h5::type_of(array.scalar, order);
  auto const space = h5::space_of(array.shape);
  auto properties = creation_of(array, order, type);
  if (spelling == Spelling::hdf5 || !stand_ins_are_known()) {
    Mappings mappings(array, sources, [&](SourceDataset const& source, Ranges const& ranges) {
      auto const here = h5::select_ranges(array.shape, ranges.in_array);
      auto const there = h5::select_ranges(source.shape, ranges.in_source);
      h5::check(H5Pset_virtual(properties.get(), here.get(), source.file.c_str(), source.path.c_str(), there.get()),
                "mapping a part of an array");
    });
    mappings.add_all(places);
    create(group, name, type, space, properties);
    return {};
  }
  h5::MappingBlock block;
  Mappings mappings(array, sources, [&](SourceDataset const& source, Ranges const& ranges) {
    block.add(source.file, source.path, source.shape, ranges.in_source, array.shape, ranges.in_array);
  });
  mappings.add_all(places);
  LateMappings late;
  late.block = block.take();
  auto stand_in = h5::stand_in_of(late.block.size(), number);
  map_all(properties, space, stand_in.file);
  create(group, name, type, space, properties);
  late.stand_in = std::move(stand_in.block);
  return late;
}

void LateMappings::enter(std::span<std::byte> file) const {
  if (block.empty()) return;
  auto const at = h5::only_place_of(stand_in, file);
  if (at == h5::npos) throw h5::Error("the mappings of a virtual dataset aren't where they should be");
  std::ranges::copy(block, file.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace godwit
