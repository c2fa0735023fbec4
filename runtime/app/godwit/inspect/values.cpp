#include "app/godwit/inspect/values.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

namespace godwit::inspect {
namespace {

constexpr std::size_t text_shown_max = 60;  // bytes
constexpr std::size_t items_shown_max = 6;

// Calls f with the number that begins at `at`, in its own type.
template <class F>
auto with_number(Scalar scalar, std::byte const* at, F f) {
  auto const as = [at]<class T>(T number) {
    std::memcpy(&number, at, sizeof number);
    return number;
  };
  switch (scalar) {
    case Scalar::boolean:
      return f(*at != std::byte{0});
    case Scalar::i8:
      return f(as(std::int8_t{}));
    case Scalar::u8:
      return f(as(std::uint8_t{}));
    case Scalar::i16:
      return f(as(std::int16_t{}));
    case Scalar::u16:
      return f(as(std::uint16_t{}));
    case Scalar::i32:
      return f(as(std::int32_t{}));
    case Scalar::u32:
      return f(as(std::uint32_t{}));
    case Scalar::i64:
      return f(as(std::int64_t{}));
    case Scalar::u64:
      return f(as(std::uint64_t{}));
    case Scalar::f32:
      return f(as(float{}));
    case Scalar::f64:
      break;
  }
  return f(as(double{}));
}

// Cut before the limit, never within a character; what would upset a terminal is escaped.
std::string quoted(std::string const& text) {
  auto end = std::min(text.size(), text_shown_max);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  std::string shown = "\"";
  for (char const c : text.substr(0, end)) {
    if (c == '\n')
      shown += "\\n";
    else if (c == '\t')
      shown += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      shown += c;
  }
  return shown + (end < text.size() ? "…\"" : "\"");
}

}  // namespace

char const* type_name(Scalar scalar) {
  switch (scalar) {
    case Scalar::boolean:
      return "bool";
    case Scalar::i8:
      return "int8";
    case Scalar::u8:
      return "uint8";
    case Scalar::i16:
      return "int16";
    case Scalar::u16:
      return "uint16";
    case Scalar::i32:
      return "int32";
    case Scalar::u32:
      return "uint32";
    case Scalar::i64:
      return "int64";
    case Scalar::u64:
      return "uint64";
    case Scalar::f32:
      return "float32";
    case Scalar::f64:
      return "float64";
  }
  return "?";
}

std::string shape_text(std::vector<std::uint64_t> const& shape) {
  return fmt::format("{}", fmt::join(shape, " × "));
}

std::string number_text(Scalar scalar, std::byte const* at) {
  return with_number(scalar, at, [](auto number) { return fmt::format("{}", number); });
}

Json number_json(Scalar scalar, std::byte const* at) {
  return with_number(scalar, at, [](auto number) -> Json {
    if constexpr (std::is_floating_point_v<decltype(number)>) {
      if (!std::isfinite(number)) return nullptr;
    }
    return number;
  });
}

std::string real_text(double value) {
  return fmt::format("{:.6g}", value);
}

Json job_json(JobId job) {
  return job.element() == 0 ? Json(job.number()) : Json(fmt::to_string(job));
}

std::string field_text(Field const& field) {
  if (field.form == FieldForm::text) return quoted(to_text(field.value));
  auto const width = width_bytes(field.scalar);
  std::string text;
  std::size_t shown = 0;
  for (std::size_t at = 0; at < field.value.size(); at += width) {
    if (shown++ == items_shown_max) return text + " …";
    text += (at == 0 ? "" : " ") + number_text(field.scalar, field.value.data() + at);
  }
  return text;
}

Json field_json(Field const& field) {
  if (field.form == FieldForm::text) return to_text(field.value);
  if (field.form == FieldForm::number) return number_json(field.scalar, field.value.data());
  auto list = Json::array();
  auto const width = width_bytes(field.scalar);
  for (std::size_t at = 0; at < field.value.size(); at += width) {
    list.push_back(number_json(field.scalar, field.value.data() + at));
  }
  return list;
}

}  // namespace godwit::inspect
