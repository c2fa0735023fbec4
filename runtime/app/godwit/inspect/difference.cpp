#include "app/godwit/inspect/difference.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace godwit::inspect {
namespace {

template <class T>
T number_at(ByteView bytes, std::size_t at) {
  T number{};
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

template <class T>
double magnitude(T number) {
  return std::abs(static_cast<double>(number));
}

// Integers are subtracted as such: 2^63 and 2^63 + 1 are one double.
template <class T>
double distance(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::abs(static_cast<double>(a) - static_cast<double>(b));
  } else {
    auto const high = static_cast<std::uint64_t>(std::max(a, b));
    return static_cast<double>(high - static_cast<std::uint64_t>(std::min(a, b)));
  }
}

template <class T>
void add_numbers(Difference& total, ByteView a, ByteView b, Tolerance const& tolerance) {
  auto const first = total.elements;
  total.elements += a.size() / sizeof(T);
  bool const alike = std::memcmp(a.data(), b.data(), a.size()) == 0;
  if (alike && !std::is_floating_point_v<T>) return;
  for (std::size_t at = 0; at + sizeof(T) <= a.size(); at += sizeof(T)) {
    auto const one = number_at<T>(a, at);
    auto const other = number_at<T>(b, at);
    if constexpr (std::is_floating_point_v<T>) {
      bool const one_nan = std::isnan(one), other_nan = std::isnan(other);
      if (one_nan || other_nan) {
        bool const both = one_nan && other_nan;
        ++(both ? total.nan_both : total.nan_one);
        if (!both) ++total.differ;
        continue;
      }
    }
    if (one == other) continue;
    auto const apart = distance(one, other);
    auto const largest = std::max(magnitude(one), magnitude(other));
    bool const infinite = std::isinf(apart);  // no tolerance reaches it
    if (infinite || apart > std::max(tolerance.absolute, tolerance.relative * largest)) ++total.differ;
    if (!total.max_abs_at || apart > total.max_abs) {
      total.max_abs = apart;
      total.max_abs_at = first + at / sizeof(T);
    }
    total.max_rel = std::max(total.max_rel, infinite ? apart : apart / largest);
  }
}

using Add = void (*)(Difference&, ByteView, ByteView, Tolerance const&);

Add add_for(Scalar scalar) {
  switch (scalar) {
    case Scalar::boolean:
    case Scalar::u8:
      return &add_numbers<std::uint8_t>;
    case Scalar::i8:
      return &add_numbers<std::int8_t>;
    case Scalar::i16:
      return &add_numbers<std::int16_t>;
    case Scalar::u16:
      return &add_numbers<std::uint16_t>;
    case Scalar::i32:
      return &add_numbers<std::int32_t>;
    case Scalar::u32:
      return &add_numbers<std::uint32_t>;
    case Scalar::i64:
      return &add_numbers<std::int64_t>;
    case Scalar::u64:
      return &add_numbers<std::uint64_t>;
    case Scalar::f32:
      return &add_numbers<float>;
    case Scalar::f64:
      break;
  }
  return &add_numbers<double>;
}

}  // namespace

void add(Difference& difference, Scalar scalar, ByteView a, ByteView b, Tolerance const& tolerance) {
  if (!a.empty()) add_for(scalar)(difference, a, b, tolerance);
}

std::uint64_t common_bytes(ByteView a, ByteView b) {
  auto const shorter = std::min(a.size(), b.size());
  auto const [end, other] =
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(shorter), b.begin());
  return static_cast<std::uint64_t>(end - a.begin());
}

}  // namespace godwit::inspect
