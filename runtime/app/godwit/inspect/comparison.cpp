#include "app/godwit/inspect/comparison.hpp"

#include <fmt/format.h>

#include <map>

#include "app/godwit/format.hpp"
#include "app/godwit/inspect/file_difference.hpp"
#include "app/godwit/inspect/selection.hpp"
#include "app/godwit/inspect/verbs.hpp"

namespace godwit::inspect {
namespace {

struct Sides {
  CheckpointFile const& a;
  CheckpointFile const& b;
  Tolerance tolerance;
};

std::string type_text(ArrayPlace const& array) {
  auto const shape = array.shape.empty() ? "" : " " + shape_text(array.shape);
  return type_name(array.scalar) + shape;
}

Result<Line> compare_arrays(Sides const& sides, std::size_t in_a, std::size_t in_b) {
  auto const& a = sides.a.manifest().arrays[in_a];
  auto const& b = sides.b.manifest().arrays[in_b];
  if (a.scalar != b.scalar || a.shape != b.shape || a.bytes != b.bytes)
    return retyped_line(a.name, type_text(a), type_text(b));
  Difference difference;
  CheckpointFile::BlockReader one(sides.a, in_a), other(sides.b, in_b);
  for (;;) {
    auto const from_a = one.next();
    if (!from_a) return in_file(from_a.failure(), sides.a.path());
    auto const from_b = other.next();
    if (!from_b) return in_file(from_b.failure(), sides.b.path());
    if (from_a->empty()) break;
    add(difference, a.scalar, *from_a, *from_b, sides.tolerance);
  }
  return numbers_line(a.name, difference, a.shape);
}

Line file_line(Sides const& sides, StreamMark const& a, StreamMark const& b) {
  auto const found = compare_files(sides.a, a, sides.b, b);
  auto name = path_text(sides.b, b.path);
  if (a.path != b.path) name = fmt::format("{} → {}", path_text(sides.a, a.path), name);
  Line line{std::move(name)};
  line.json = {{"stream", a.name},         {"old_path", a.path},           {"new_path", b.path},
               {"same_to", found.same_to}, {"old_offset", found.offset_a}, {"new_offset", found.offset_b}};
  auto const same_to = cli::spell_count(found.same_to);
  using Found = FileDifference::Verdict;
  if (found.verdict == Found::unreadable) {
    line.verdict = Verdict::unreadable;
    line.mark = '?';
    line.text = fmt::format("same to {}, the rest can't be compared: {}", same_to, found.why);
    line.json["why"] = found.why;
  } else if (found.verdict == Found::differs) {
    line.verdict = Verdict::differs;
    line.mark = '~';
    line.text =
        a.mode == b.mode ? fmt::format("differ at byte {}", same_to) : fmt::format("declared otherwise");
    if (a.mode == StreamMode::input && a.mode == b.mode) line.text = "another file";
  } else if (found.verdict == Found::moved) {
    line.verdict = Verdict::moved;
    line.mark = '=';
    bool const on = found.offset_b > found.offset_a;
    auto const by = on ? found.offset_b - found.offset_a : found.offset_a - found.offset_b;
    line.text = fmt::format("{} to {}, then {}{}", a.mode == StreamMode::input ? "read" : "same", same_to,
                            on ? "+" : "-", cli::spell_count(by));
  } else {
    line.mark = '=';
    line.text = fmt::format("{} to {}", a.mode == StreamMode::input ? "read" : "same", same_to);
  }
  return line;
}

Line only_in(Verdict side, std::string name, std::string const& type) {
  bool const first = side == Verdict::only_in_first;
  return {std::move(name),
          side,
          first ? '-' : '+',
          fmt::format("{}   only in the {}", type, first ? "first" : "second"),
          {{"type", type}}};
}

template <class Items>
std::map<std::string, std::size_t> by_name(Items const& items) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < items.size(); ++i) places.emplace(items[i].name, i);
  return places;
}

// In the order of the first, then what only the second has. `both` makes a line of two indices.
template <class Items, class Both, class Type>
Status compare_items(Items const& a, Items const& b, std::vector<Line>& lines, Both both, Type type) {
  auto const in_a = by_name(a), in_b = by_name(b);
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto const other = in_b.find(a[i].name);
    if (other == in_b.end()) {
      lines.push_back(only_in(Verdict::only_in_first, a[i].name, type(a[i])));
      continue;
    }
    Result<Line> line = both(i, other->second);
    if (!line) return line.failure();
    lines.push_back(*std::move(line));
  }
  for (auto const& item : b) {
    if (!in_a.contains(item.name)) lines.push_back(only_in(Verdict::only_in_second, item.name, type(item)));
  }
  return Done{};
}

// A field that became an array, or the other way round, is one of another type, not two of one name.
void join_retyped(std::vector<Line>& lines) {
  for (auto line = lines.begin(); line != lines.end(); ++line) {
    auto const other = std::find_if(std::next(line), lines.end(),
                                    [&](Line const& later) { return later.name == line->name; });
    if (other == lines.end()) continue;
    auto const& before = line->verdict == Verdict::only_in_first ? *line : *other;
    auto const& after = line->verdict == Verdict::only_in_first ? *other : *line;
    *line = retyped_line(line->name, before.json["type"], after.json["type"]);
    lines.erase(other);
  }
}

void add_notes(Sides const& sides, std::vector<Line>& notes) {
  auto const note = [&](std::string const& name, std::string const& before, std::string const& after) {
    if (before != after)
      notes.push_back({name,
                       Verdict::differs,
                       ' ',
                       fmt::format("{} → {}", before, after),
                       {{"old", before}, {"new", after}}});
  };
  auto const& a = sides.a.manifest();
  auto const& b = sides.b.manifest();
  note("(type)", a.type, b.type);
  note("(version of the state)", fmt::to_string(a.state_version), fmt::to_string(b.state_version));
  auto arguments = a.arguments;
  arguments.insert(b.arguments.begin(), b.arguments.end());
  for (auto const& [key, ignored] : arguments) {
    auto const value = [key = key](Manifest const& manifest) {
      auto const at = manifest.arguments.find(key);
      return at == manifest.arguments.end() ? std::string("not given") : at->second;
    };
    note(fmt::format("({}=)", key), value(a), value(b));
  }
}

}  // namespace

Result<Comparison> compare(CheckpointFile const& first, CheckpointFile const& second,
                           Tolerance const& tolerance) {
  Sides const sides{first, second, tolerance};
  auto const& a = sides.a.manifest();
  auto const& b = sides.b.manifest();
  Comparison answer;
  add_notes(sides, answer.notes);
  auto status = compare_items(
      a.fields, b.fields, answer.fields,
      [&](std::size_t i, std::size_t j) -> Result<Line> {
        return compare_fields(a.fields[i], b.fields[j], sides.tolerance);
      },
      [](Field const& field) { return type_text(field); });
  if (!status) return status.failure();
  status = compare_items(
      a.arrays, b.arrays, answer.fields,
      [&](std::size_t i, std::size_t j) { return compare_arrays(sides, i, j); },
      [](ArrayPlace const& array) { return type_text(array); });
  if (!status) return status.failure();
  join_retyped(answer.fields);
  if (a.random != b.random)
    answer.fields.push_back(
        {"(random numbers)", Verdict::differs, '~', "at different places of their sequence", Json::object()});
  status = compare_items(
      a.streams, b.streams, answer.files,
      [&](std::size_t i, std::size_t j) -> Result<Line> {
        return file_line(sides, a.streams[i], b.streams[j]);
      },
      [](StreamMark const& mark) { return mark.path; });
  if (!status) return status.failure();
  return answer;
}

}  // namespace godwit::inspect
