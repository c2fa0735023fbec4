// CheckpointFile::statistics: one pass over an array's blocks.
#include <cmath>
#include <cstring>
#include <limits>

#include "edge/hdf5/checkpoint_file.hpp"

namespace godwit {
namespace {

struct Sums {
  std::uint64_t elements{0};
  std::uint64_t nan{0};
  double min{std::numeric_limits<double>::infinity()};
  double max{-std::numeric_limits<double>::infinity()};
  double sum{0};
};

template <class T>
void add(Sums& sums, ByteView block) {
  double sum = 0;  // a sum per block keeps rounding errors small
  for (std::size_t at = 0; at + sizeof(T) <= block.size(); at += sizeof(T)) {
    T element{};
    std::memcpy(&element, block.data() + at, sizeof element);
    auto const value = static_cast<double>(element);
    ++sums.elements;
    if (std::isnan(value)) {
      ++sums.nan;
      continue;
    }
    if (value < sums.min) sums.min = value;
    if (value > sums.max) sums.max = value;
    sum += value;
  }
  sums.sum += sum;
}

using Add = void (*)(Sums&, ByteView);

Add add_for(Scalar scalar) {
  switch (scalar) {
    case Scalar::boolean:
      return &add<std::uint8_t>;
    case Scalar::i8:
      return &add<std::int8_t>;
    case Scalar::u8:
      return &add<std::uint8_t>;
    case Scalar::i16:
      return &add<std::int16_t>;
    case Scalar::u16:
      return &add<std::uint16_t>;
    case Scalar::i32:
      return &add<std::int32_t>;
    case Scalar::u32:
      return &add<std::uint32_t>;
    case Scalar::i64:
      return &add<std::int64_t>;
    case Scalar::u64:
      return &add<std::uint64_t>;
    case Scalar::f32:
      return &add<float>;
    case Scalar::f64:
      return &add<double>;
  }
  return nullptr;
}

}  // namespace

Result<ArrayStatistics> CheckpointFile::statistics(std::size_t array) const {
  auto const add_block = add_for(manifest().arrays[array].scalar);
  Sums sums;
  auto status = for_each_block(array, [&](ByteView block) { add_block(sums, block); });
  if (!status) return status.failure();
  auto const counted = sums.elements - sums.nan;
  ArrayStatistics statistics{sums.elements, sums.nan, 0, 0, 0};
  if (counted > 0) {
    statistics.min = sums.min;
    statistics.max = sums.max;
    statistics.mean = sums.sum / static_cast<double>(counted);
  }
  return statistics;
}

}  // namespace godwit
