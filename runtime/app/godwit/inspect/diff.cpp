// `godwit inspect diff`: what changed between two checkpoints, one line for each field or file that did.
#include <fmt/format.h>

#include <algorithm>

#include "app/godwit/format.hpp"
#include "app/godwit/inspect/comparison.hpp"
#include "app/godwit/inspect/selection.hpp"
#include "app/godwit/inspect/verbs.hpp"

namespace godwit::inspect {
namespace {

bool is_different(Line const& line) {
  return line.verdict != Verdict::same && line.verdict != Verdict::unreadable;
}

int exit_code_of(Comparison const& answer) {
  if (std::ranges::count(answer.files, Verdict::unreadable, &Line::verdict) > 0) return exit_unreadable;
  bool const same =
      std::ranges::none_of(answer.fields, is_different) && std::ranges::none_of(answer.files, is_different);
  return same ? exit_good : exit_bad;
}

std::string count_text(std::int64_t count, char const* what) {
  return fmt::format("{} {}{} differ{}", count, what, count == 1 ? "" : "s", count == 1 ? "s" : "");
}

std::string spell_end(Comparison const& answer, Tolerance const& tolerance) {
  auto const fields = std::ranges::count_if(answer.fields, is_different);
  auto const moved = std::ranges::count(answer.files, Verdict::moved, &Line::verdict);
  auto const files = std::ranges::count_if(answer.files, is_different) - moved;
  auto text = fields == 0 ? std::string("no field differs") : count_text(fields, "field");
  if (tolerance.relative > 0 || tolerance.absolute > 0) text += " beyond the tolerance";
  if (files > 0) text += ", " + count_text(files, "file");
  if (fields + files == 0 && moved > 0)
    text += fmt::format(", {} file{} not as far", moved, moved == 1 ? " is" : "s are");
  return text;
}

// Lines with their names in a column; of those that are the same only if `all` are wanted.
std::string lines_text(std::vector<Line> const& lines, bool all) {
  cli::Table table({{""}, {""}});
  for (auto const& line : lines) {
    if (all || line.verdict != Verdict::same)
      table.add({fmt::format("{} {}", line.mark, line.name), line.text});
  }
  auto const text = table.text();
  return text.substr(text.find('\n') + 1);  // without the empty line of titles
}

void print(Comparison const& answer, Tolerance const& tolerance) {
  fmt::print("{}{}{}{}\n", lines_text(answer.notes, true), lines_text(answer.fields, false),
             lines_text(answer.files, true), spell_end(answer, tolerance));
}

char const* word(Verdict verdict) {
  switch (verdict) {
    case Verdict::same:
      return "same";
    case Verdict::differs:
      return "differs";
    case Verdict::moved:
      return "moved";
    case Verdict::retyped:
      return "retyped";
    case Verdict::only_in_first:
      return "only_in_first";
    case Verdict::only_in_second:
      return "only_in_second";
    case Verdict::unreadable:
      return "unreadable";
  }
  return "?";
}

Json lines_json(std::vector<Line> const& lines) {
  auto list = Json::array();
  for (auto const& line : lines) {
    Json json{{"name", line.name}, {"verdict", word(line.verdict)}};
    if (line.json.is_object()) json.update(line.json);
    list.push_back(std::move(json));
  }
  return list;
}

Json side_json(CheckpointFile const& file) {
  auto const& label = file.label();
  return {{"path", file.path().string()},
          {"job", job_json(label.job)},
          {"epoch", label.epoch.value},
          {"generation", label.generation.value},
          {"steps", file.manifest().steps}};
}

Result<CheckpointFile> open_one(Asked const& asked, std::string const& target) {
  auto const chosen = choose_one(asked.store, target);
  if (!chosen) return chosen.failure();
  auto file = CheckpointFile::open(chosen->path);
  if (!file) return in_file(file.failure(), chosen->path);
  return file;
}

}  // namespace

int diff(Asked const& asked, DiffOptions const& options) {
  auto const a = open_one(asked, options.a);
  if (!a) return complain(asked, a.failure());
  auto const b = open_one(asked, options.b);
  if (!b) return complain(asked, b.failure());
  auto const answer = compare(*a, *b, options.tolerance);
  if (!answer) return complain(asked, answer.failure());
  int const code = exit_code_of(*answer);
  if (asked.json) {
    print_json({{"first", side_json(*a)},
                {"second", side_json(*b)},
                {"same", code == exit_good},
                {"notes", lines_json(answer->notes)},
                {"fields", lines_json(answer->fields)},
                {"files", lines_json(answer->files)}});
  } else {
    print(*answer, options.tolerance);
  }
  return code;
}

}  // namespace godwit::inspect
