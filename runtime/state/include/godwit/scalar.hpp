// The kinds of number that job state is made of; the same list in memory, on the wire and in HDF5.
// Part of the job author's interface: depends on the standard library only.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace godwit {

// Values are part of the wire and file formats: never renumber.
enum class Scalar : std::uint8_t {
  boolean = 0,
  i8 = 1, u8 = 2, i16 = 3, u16 = 4, i32 = 5, u32 = 6, i64 = 7, u64 = 8,
  f32 = 9, f64 = 10,
};

template <class T>
concept PlainNumber =
    (std::integral<T> && sizeof(T) <= 8) || std::same_as<T, float> || std::same_as<T, double>;

template <PlainNumber T>
consteval Scalar scalar_of() {
  if constexpr (std::same_as<T, bool>) return Scalar::boolean;
  else if constexpr (std::same_as<T, char>) return Scalar::i8;  // also where a plain char has no sign
  else if constexpr (std::same_as<T, float>) return Scalar::f32;
  else if constexpr (std::same_as<T, double>) return Scalar::f64;
  else if constexpr (sizeof(T) == 1) return std::is_signed_v<T> ? Scalar::i8 : Scalar::u8;
  else if constexpr (sizeof(T) == 2) return std::is_signed_v<T> ? Scalar::i16 : Scalar::u16;
  else if constexpr (sizeof(T) == 4) return std::is_signed_v<T> ? Scalar::i32 : Scalar::u32;
  else return std::is_signed_v<T> ? Scalar::i64 : Scalar::u64;
}

constexpr std::size_t width_bytes(Scalar kind) {
  switch (kind) {
    case Scalar::boolean: case Scalar::i8: case Scalar::u8: return 1;
    case Scalar::i16: case Scalar::u16: return 2;
    case Scalar::i32: case Scalar::u32: case Scalar::f32: return 4;
    case Scalar::i64: case Scalar::u64: case Scalar::f64: return 8;
  }
  return 0;  // a number from a newer format
}

}  // namespace godwit
