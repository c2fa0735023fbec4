#include "state/spelling.hpp"

#include <fmt/format.h>

namespace godwit {

namespace {

std::string name_of(PlainKind kind) {
  return kind.form == FieldForm::text ? "text" : name_of(kind.scalar);
}

std::string plain_text(PlainView const& value) {
  return value.kind.form == FieldForm::text ? godwit::quoted(to_text(value.bytes))
                                            : number_text(value.kind.scalar, value.bytes.data());
}

}  // namespace

char const* name_of(Scalar scalar) {
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
  return "an unknown type";
}

std::string name_of(FieldKind const& kind) {
  switch (kind.form) {
    case FieldForm::number:
      return name_of(kind.scalar);
    case FieldForm::text:
      return "text";
    case FieldForm::list:
      return fmt::format("list of {}", name_of(kind.scalar));
    case FieldForm::texts:
      return "list of text";
    case FieldForm::map:
      return fmt::format("map of {} to {}", name_of(kind.key), name_of(kind.to));
  }
  return "an unknown type";
}

std::string number_text(Scalar scalar, std::byte const* at) {
  return with_number(scalar, at, [](auto number) { return fmt::format("{}", number); });
}

std::string quoted(std::string_view text) {
  std::string shown = "\"";
  for (char const c : text) {
    switch (c) {
      case '\n':
        shown += "\\n";
        break;
      case '\t':
        shown += "\\t";
        break;
      case '"':
        shown += "\\\"";
        break;
      case '\\':
        shown += "\\\\";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
          shown += c;
        }
    }
  }
  return shown + '"';
}

std::string value_text(Field const& field) {
  bool const is_map = field.form == FieldForm::map;
  bool const alone = field.form == FieldForm::number || field.form == FieldForm::text;
  std::string text = alone ? "" : is_map ? "{" : "[";
  PlainValues values(field);
  for (std::size_t i = 0; auto const value = values.next(); ++i) {
    if (i > 0) text += is_map && i % 2 == 1 ? ": " : ", ";
    text += plain_text(*value);
  }
  if (!values.whole()) return "malformed";
  return text + (alone ? "" : is_map ? "}" : "]");
}

}  // namespace godwit
