// Numbers and types of fields as text, the same in messages, inspection and trials. Pure.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "godwit/field.hpp"
#include "state/plain_values.hpp"

namespace godwit {

// Calls f with the number that begins at `at`, in this machine's byte order, in its own type.
template <class F>
auto with_number(Scalar scalar, std::byte const* at, F f) {
  auto const as = [at]<class T>(T number) {
    std::memcpy(&number, at, sizeof number);
    return number;
  };
  switch (scalar) {
    case Scalar::boolean: return f(*at != std::byte{0});
    case Scalar::i8: return f(as(std::int8_t{}));
    case Scalar::u8: return f(as(std::uint8_t{}));
    case Scalar::i16: return f(as(std::int16_t{}));
    case Scalar::u16: return f(as(std::uint16_t{}));
    case Scalar::i32: return f(as(std::int32_t{}));
    case Scalar::u32: return f(as(std::uint32_t{}));
    case Scalar::i64: return f(as(std::int64_t{}));
    case Scalar::u64: return f(as(std::uint64_t{}));
    case Scalar::f32: return f(as(float{}));
    case Scalar::f64: break;
  }
  return f(as(double{}));
}

[[nodiscard]] char const* name_of(Scalar scalar);          // "float64", as NumPy has it
[[nodiscard]] std::string name_of(FieldKind const& kind);  // "text", "list of int32", "map of text to bool"
// The shortest that reads back the same.
[[nodiscard]] std::string number_text(Scalar scalar, std::byte const* at);

// In quotes; control characters, quotes and backslashes escaped.
[[nodiscard]] std::string quoted(std::string_view text);
// A field whole: 3, "text", [1, 2], {"a": 1, "b": 2}; "malformed" if its bytes don't fit.
[[nodiscard]] std::string value_text(Field const& field);

}  // namespace godwit
