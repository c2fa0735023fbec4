// The lines of `diff` about two fields or runs of numbers of one name.
#include <fmt/format.h>

#include <algorithm>

#include "app/godwit/format.hpp"
#include "app/godwit/inspect/comparison.hpp"

namespace godwit::inspect {
namespace {

// The place in the shape of the element with that number: "[2048,17]".
std::vector<std::uint64_t> place_of(std::uint64_t element, std::vector<std::uint64_t> const& shape) {
  std::vector<std::uint64_t> place(shape.size());
  for (std::size_t i = shape.size(); i-- > 0;) {
    place[i] = element % shape[i];
    element /= shape[i];
  }
  return place;
}

std::string difference_text(Difference const& difference, std::vector<std::uint64_t> const& shape) {
  auto text = fmt::format("{} of {} differ", cli::spell_count(difference.differ),
                          cli::spell_count(difference.elements));
  if (difference.max_abs_at) {
    text += fmt::format("   max|Δ| {:.1e} at [{}]   max rel {:.1e}", difference.max_abs,
                        fmt::join(place_of(*difference.max_abs_at, shape), ","), difference.max_rel);
  }
  if (difference.nan_one > 0)
    text += fmt::format("   NaN in one of them {}", cli::spell_count(difference.nan_one));
  if (difference.nan_both > 0)
    text += fmt::format("   NaN in both {}", cli::spell_count(difference.nan_both));
  return text;
}

Json difference_json(Difference const& difference, std::vector<std::uint64_t> const& shape) {
  Json json{{"elements", difference.elements},    {"differ", difference.differ},
            {"nan_in_both", difference.nan_both}, {"nan_in_one", difference.nan_one},
            {"max_abs", difference.max_abs},      {"max_rel", difference.max_rel}};
  if (difference.max_abs_at) json["max_abs_at"] = place_of(*difference.max_abs_at, shape);
  return json;
}

Line compare_text(Field const& a, Field const& b) {
  if (a.value == b.value) return {a.name};
  Line line{a.name,
            Verdict::differs,
            ' ',
            fmt::format("{} → {}", field_text(a), field_text(b)),
            {{"old", field_json(a)}, {"new", field_json(b)}}};
  if (auto const at = common_bytes(a.value, b.value); at > 0)
    line.text += fmt::format("   from byte {}", cli::spell_count(at));
  return line;
}

Line compare_numbers(Field const& a, Field const& b, Tolerance const& tolerance) {
  Difference difference;
  auto const shorter = std::min(a.value.size(), b.value.size());
  add(difference, a.scalar, ByteView(a.value).first(shorter), ByteView(b.value).first(shorter), tolerance);
  bool const one_length = a.value.size() == b.value.size();
  if (a.form == FieldForm::number) {
    Line line{a.name,
              difference.differ > 0 ? Verdict::differs : Verdict::same,
              ' ',
              fmt::format("{} → {}", field_text(a), field_text(b)),
              {{"old", field_json(a)}, {"new", field_json(b)}}};
    return line;
  }
  auto line = numbers_line(a.name, difference, {difference.elements});
  if (!one_length) {
    auto const width = width_bytes(a.scalar);
    auto const of_common = fmt::format("{} of the {} in both differ", cli::spell_count(difference.differ),
                                       cli::spell_count(difference.elements));
    line.text =
        fmt::format("{} → {} elements; {}", cli::spell_count(a.value.size() / width),
                    cli::spell_count(b.value.size() / width),
                    difference.differ == 0 ? of_common : difference_text(difference, {difference.elements}));
    line.verdict = Verdict::differs;
    line.mark = '~';
    line.json["old_elements"] = a.value.size() / width;
    line.json["new_elements"] = b.value.size() / width;
  }
  return line;
}

}  // namespace

Line numbers_line(std::string name, Difference const& difference, std::vector<std::uint64_t> const& shape) {
  Line line{std::move(name)};
  line.json = difference_json(difference, shape);
  if (difference.differ == 0) return line;
  line.verdict = Verdict::differs;
  line.mark = '~';
  line.text = difference_text(difference, shape);
  return line;
}

Line retyped_line(std::string name, std::string const& before, std::string const& after) {
  return {std::move(name),
          Verdict::retyped,
          '!',
          fmt::format("{} → {}", before, after),
          {{"old_type", before}, {"new_type", after}}};
}

std::string type_text(Field const& field) {
  return name_of(field.kind());
}

Line compare_fields(Field const& a, Field const& b, Tolerance const& tolerance) {
  if (a.kind() != b.kind()) return retyped_line(a.name, type_text(a), type_text(b));
  switch (a.form) {
    case FieldForm::number:
    case FieldForm::list:
      return compare_numbers(a, b, tolerance);
    case FieldForm::texts:
    case FieldForm::map:
      return compare_entries(a, b, tolerance);
    case FieldForm::text:
      break;
  }
  return compare_text(a, b);
}

}  // namespace godwit::inspect
