#include "app/godwit/inspect/values.hpp"

#include <fmt/format.h>

#include <cmath>

namespace godwit::inspect {
namespace {

constexpr std::size_t text_shown_max = 60;  // bytes
constexpr std::size_t items_shown_max = 6;

// Cut before the limit, never within a character; what would upset a terminal is escaped.
std::string shortened(std::string const& text) {
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
  return godwit::name_of(scalar);
}

std::string shape_text(std::vector<std::uint64_t> const& shape) {
  return fmt::format("{}", fmt::join(shape, " × "));
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

std::string type_name(FieldKind const& kind) {
  return kind.form == FieldForm::list ? name_of(kind.scalar) : name_of(kind);
}

std::uint64_t count_of(Field const& field) {
  std::uint64_t count = 0;
  PlainValues values(field);
  while (values.next()) ++count;
  return field.form == FieldForm::map ? count / 2 : count;
}

std::string plain_text(PlainView const& value) {
  return value.kind.form == FieldForm::text ? to_text(value.bytes)
                                            : number_text(value.kind.scalar, value.bytes.data());
}

std::string entry_text(PlainView const& value) {
  return value.kind.form == FieldForm::text ? shortened(to_text(value.bytes)) : plain_text(value);
}

std::string field_text(Field const& field) {
  auto const is_map = field.form == FieldForm::map;
  std::string text;
  std::size_t shown = 0;
  PlainValues values(field);
  while (auto const value = values.next()) {
    if (shown == items_shown_max * (is_map ? 2 : 1)) return text + " …";
    text += shown == 0 ? "" : is_map && shown % 2 == 1 ? ": " : is_map ? ", " : " ";
    text += entry_text(*value);
    ++shown;
  }
  return text;
}

namespace {

Json plain_json(PlainView const& value) {
  if (value.kind.form == FieldForm::text) return to_text(value.bytes);
  return number_json(value.kind.scalar, value.bytes.data());
}

}  // namespace

Json field_json(Field const& field) {
  PlainValues values(field);
  if (field.form == FieldForm::number || field.form == FieldForm::text) return plain_json(*values.next());
  auto list = Json::array();
  while (auto const value = values.next()) {
    if (field.form == FieldForm::map) {
      auto const to = values.next();
      list.push_back(Json::array({plain_json(*value), to ? plain_json(*to) : Json()}));
    } else {
      list.push_back(plain_json(*value));
    }
  }
  return list;
}

}  // namespace godwit::inspect
