#include "edge/hdf5/virtual_array.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <map>
#include <span>

#include "edge/hdf5/h5/error.hpp"
#include "edge/hdf5/h5/property.hpp"
#include "edge/hdf5/h5/selection.hpp"
#include "edge/hdf5/h5/space.hpp"

namespace godwit {
namespace {

constexpr std::size_t places_of_mapping = 64;

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

void add(std::vector<h5::Range>& ranges, h5::Range range) {
  if (!ranges.empty() && ranges.back().second == range.first)
    ranges.back().second = range.second;
  else
    ranges.push_back(range);
}

// Of some places, what each file has of them.
std::map<std::uint64_t, Ranges> by_file(std::span<Place const> places, ArrayPlace const& array) {
  auto const width = width_bytes(array.scalar);
  std::map<std::uint64_t, Ranges> found;
  for (auto const& place : places) {
    auto const first = place.first * tracked_page_bytes;
    auto const end = std::min(first + place.count * tracked_page_bytes, array.bytes);
    auto& ranges = found[place.file];
    add(ranges.in_array, {first / width, end / width});
    add(ranges.in_source, {place.offset / width, (place.offset + end - first) / width});
  }
  return found;
}

}  // namespace

h5::Id create_virtual_array(h5::Id const& group, std::string const& name, ArrayPlace const& array,
                            h5::Order order, Places const& places,
                            std::vector<SourceDataset> const& sources) {
  auto const type = h5::type_of(array.scalar, order);
  auto const properties = h5::dataset_creation(h5::Layout::mapped);
  auto value = missing_value(array.scalar);
  if (order != (own_order_is_little ? h5::Order::little : h5::Order::big)) {
    std::reverse(value.begin(), value.begin() + width_bytes(array.scalar));
  }
  h5::check(H5Pset_fill_value(properties.get(), type.get(), value.data()),
            "choosing a value for what is missing");
  for (std::span<Place const> rest(places); !rest.empty();) {
    auto const some = rest.first(std::min(rest.size(), places_of_mapping));
    rest = rest.subspan(some.size());
    for (auto const& [file, ranges] : by_file(some, array)) {
      auto const& source = sources[file];
      auto const here = h5::select_ranges(array.shape, ranges.in_array);
      auto const there = h5::select_ranges(source.shape, ranges.in_source);
      h5::check(
          H5Pset_virtual(properties.get(), here.get(), source.file.c_str(), source.path.c_str(), there.get()),
          "mapping a part of " + name);
    }
  }
  return {h5::check(H5Dcreate2(group.get(), name.c_str(), type.get(), h5::space_of(array.shape).get(),
                               H5P_DEFAULT, properties.get(), H5P_DEFAULT),
                    "creating dataset " + name),
          &H5Dclose};
}

}  // namespace godwit
