#include "edge/hdf5/virtual_array.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "edge/hdf5/h5/error.hpp"
#include "edge/hdf5/h5/property.hpp"
#include "edge/hdf5/h5/selection.hpp"
#include "edge/hdf5/h5/space.hpp"

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

// What one mapping takes of the ranges of a file, which it is to be given all.
class Mappings {
 public:
  Mappings(h5::Id& properties, ArrayPlace const& array, SourceDataset const& source)
      : properties_(properties), array_(array), source_(source) {}

  void add(Place const& place) {
    auto const width = width_bytes(array_.scalar);
    auto const first = place.first * tracked_page_bytes;
    auto const end = std::min(first + place.count * tracked_page_bytes, array_.bytes);
    if (ranges_.in_array.size() == ranges_of_mapping) flush();
    ranges_.in_array.emplace_back(first / width, end / width);
    join(ranges_.in_source, {place.offset / width, (place.offset + end - first) / width});
  }
  void flush() {
    if (ranges_.in_array.empty()) return;
    auto const here = h5::select_ranges(array_.shape, ranges_.in_array);
    auto const there = h5::select_ranges(source_.shape, ranges_.in_source);
    h5::check(H5Pset_virtual(properties_.get(), here.get(), source_.file.c_str(), source_.path.c_str(),
                             there.get()),
              "mapping a part of an array");
    ranges_ = {};
  }

 private:
  static void join(std::vector<h5::Range>& ranges, h5::Range range) {
    if (!ranges.empty() && ranges.back().second == range.first)
      ranges.back().second = range.second;
    else
      ranges.push_back(range);
  }

  h5::Id& properties_;
  ArrayPlace const& array_;
  SourceDataset const& source_;
  Ranges ranges_;
};

}  // namespace

h5::Id create_virtual_array(h5::Id const& group, std::string const& name, ArrayPlace const& array,
                            h5::Order order, Places const& places,
                            std::vector<SourceDataset> const& sources) {
  auto const type = h5::type_of(array.scalar, order);
  auto properties = h5::dataset_creation(h5::Layout::mapped);
  auto value = missing_value(array.scalar);
  if (order != (own_order_is_little ? h5::Order::little : h5::Order::big)) {
    std::reverse(value.begin(), value.begin() + width_bytes(array.scalar));
  }
  h5::check(H5Pset_fill_value(properties.get(), type.get(), value.data()),
            "choosing a value for what is missing");
  std::vector<Mappings> mappings;
  for (auto const& source : sources) mappings.emplace_back(properties, array, source);
  for (auto const& place : places) mappings[place.file].add(place);
  for (auto& of_file : mappings) of_file.flush();
  return {h5::check(H5Dcreate2(group.get(), name.c_str(), type.get(), h5::space_of(array.shape).get(),
                               H5P_DEFAULT, properties.get(), H5P_DEFAULT),
                    "creating dataset " + name),
          &H5Dclose};
}

}  // namespace godwit
