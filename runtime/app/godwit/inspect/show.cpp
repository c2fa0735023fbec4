// `godwit inspect show`: a checkpoint on one screen: whose it is, how far it had come, its fields, its files
// and what a restore would cut from them. Verifies it on the way.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "app/godwit/format.hpp"
#include "app/godwit/inspect/file_difference.hpp"
#include "app/godwit/inspect/selection.hpp"
#include "app/godwit/inspect/verbs.hpp"
#include "base/figures.hpp"
#include "edge/hdf5/checkpoint_file.hpp"
#include "edge/hdf5/layout.hpp"

namespace godwit::inspect {
namespace {

namespace fs = std::filesystem;

struct ArrayView {
  ArrayPlace const& place;
  std::optional<ArrayStatistics> statistics;  // none: its data are damaged
};

struct FileView {
  StreamMark const& mark;
  std::optional<std::uint64_t> size_now;  // none: it isn't there

  [[nodiscard]] bool is_output() const { return mark.mode != StreamMode::input; }
  [[nodiscard]] std::uint64_t cut() const {
    return is_output() && size_now && *size_now > mark.offset ? *size_now - mark.offset : 0;
  }
  [[nodiscard]] bool too_short() const { return is_output() && size_now.value_or(0) < mark.synced; }
};

struct View {
  CheckpointFile const& file;
  Status verified;
  Duration took{0};
  std::vector<ArrayView> arrays;
  std::vector<FileView> files;
};

std::optional<std::uint64_t> size_now(CheckpointFile const& file, StreamMark const& mark) {
  std::error_code error;
  auto const bytes = fs::file_size(path_of(file, mark), error);
  if (error) return std::nullopt;
  return bytes;
}

View look_into(CheckpointFile const& file, Duration opened) {
  auto const begin = std::chrono::steady_clock::now();
  View view{file, file.verify(), {}, {}, {}};
  view.took = opened + (std::chrono::steady_clock::now() - begin);
  auto const& manifest = file.manifest();
  for (std::size_t i = 0; i < manifest.arrays.size(); ++i) {
    auto const statistics = file.statistics(i);
    view.arrays.push_back({manifest.arrays[i], statistics ? std::optional(*statistics) : std::nullopt});
  }
  for (auto const& mark : manifest.streams) view.files.push_back({mark, size_now(file, mark)});
  return view;
}

// ---- for people

std::string statistics_text(ArrayView const& array) {
  if (!array.statistics) return "damaged";
  auto const& s = *array.statistics;
  if (s.elements == 0) return "empty";
  if (s.elements == s.nan) return fmt::format("NaN {}", cli::spell_count(s.nan));
  return fmt::format("min {}  mean {}  max {}  NaN {}", real_text(s.min), real_text(s.mean), real_text(s.max),
                     cli::spell_count(s.nan));
}

char const* mode_word(StreamMode mode) {
  return mode == StreamMode::input ? "read" : mode == StreamMode::append ? "append" : "write";
}

std::string file_text(FileView const& file) {
  auto const& mark = file.mark;
  auto const size = file.size_now.value_or(mark.size);
  auto text = fmt::format("{} @ {} of {}", mode_word(mark.mode), cli::spell_count(mark.offset),
                          cli::spell_count(size));
  if (file.too_short()) {
    text += fmt::format(" ({}; a restore needs its first {})", file.size_now ? "too short" : "missing",
                        cli::spell_count(mark.synced));
  } else if (!file.size_now) {
    text += " (missing)";
  } else if (file.cut() > 0) {
    text += fmt::format(" ({} would be cut)", cli::spell_count(file.cut()));
  }
  return text;
}

// Rows as branches of a tree, columns aligned.
void print_tree(std::string const& title, std::vector<std::vector<std::string>> const& rows) {
  if (rows.empty()) return;
  std::vector<cli::Table::Column> columns(rows.front().size());
  cli::Table table(std::move(columns));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto row = rows[i];
    row.front() = (i + 1 < rows.size() ? "├ " : "└ ") + row.front();
    table.add(std::move(row));
  }
  auto const text = table.text();
  fmt::print("{}\n{}", title, text.substr(text.find('\n') + 1));  // without the empty line of titles
}

std::vector<std::string> names_of(std::vector<Ancestor> const& ancestors) {
  std::vector<std::string> names;
  for (auto const& one : ancestors) names.push_back(one.file);
  return names;
}

void print_heading(View const& view) {
  auto const& file = view.file;
  auto const& label = file.label();
  auto const& manifest = file.manifest();
  auto const name = label.spec.name.empty() ? "" : fmt::format(" \"{}\"", label.spec.name);
  auto parent = layout::parent_text(label);
  if (label.parent && label.parent->epoch == label.epoch)
    parent = fmt::to_string(label.parent->generation.value);
  fmt::print("{} {}{}   generation {}{}   {} {}\n", label.spec.type, label.job, name, label.generation,
             parent.empty() ? "" : fmt::format(" (parent {})", parent),
             view.verified ? "verified ✓" : "damaged ✗", spell_duration(view.took));
  fmt::print("  {}{}host {} epoch {}   {}   plugin {} v{}\n", label.spec.account,
             label.spec.account.empty() ? "" : "   ", label.host, label.epoch, cli::spell_time(file.time()),
             label.spec.plugin_digest.empty() ? "–" : label.spec.plugin_digest.substr(0, 4) + "…",
             manifest.state_version);
  auto const& progress = manifest.progress;
  auto text = fmt::format("{} steps", cli::spell_count(manifest.steps));
  if (progress.total > 0) {
    text = fmt::format("{} / {} {} ({:.1f} %)", cli::spell_count(progress.done),
                       cli::spell_count(progress.total), progress.unit,
                       100.0 * static_cast<double>(progress.done) / static_cast<double>(progress.total));
  } else if (progress.done > 0) {
    text = fmt::format("{} {}", cli::spell_count(progress.done), progress.unit);
  }
  auto const own = file.ancestors().empty() ? "" : fmt::format(", {} own", spell_bytes(file.file_bytes()));
  fmt::print("  progress {}   {}{}{}\n", text, spell_bytes(file.whole_bytes()), own,
             manifest.suspended ? "   suspended" : "");
  if (!file.ancestors().empty())
    fmt::print("  the rest lies in {}\n", fmt::join(names_of(file.ancestors()), ", "));
  if (manifest.wait_left > Duration{0}) {
    fmt::print("  waits: the next step begins {} after it goes on\n", spell_duration(manifest.wait_left));
  }
}

void print(View const& view) {
  print_heading(view);
  std::vector<std::vector<std::string>> rows;
  for (auto const& field : view.file.manifest().fields) {
    auto type = type_name(field.kind());
    if (field.form >= FieldForm::list) type += fmt::format(" × {}", cli::spell_count(count_of(field)));
    rows.push_back({field.name, std::move(type), field_text(field)});
  }
  for (auto const& array : view.arrays) {
    rows.push_back({array.place.name,
                    fmt::format("{} {}", type_name(array.place.scalar), shape_text(array.place.shape)),
                    statistics_text(array)});
  }
  print_tree("state", rows);
  rows.clear();
  for (auto const& file : view.files) rows.push_back({path_text(view.file, file.mark.path), file_text(file)});
  print_tree("files", rows);
}

// ---- for programs

Json array_json(ArrayView const& array) {
  Json entry{{"name", array.place.name},
             {"type", type_name(array.place.scalar)},
             {"shape", array.place.shape},
             {"bytes", array.place.bytes}};
  if (array.statistics && array.statistics->elements > array.statistics->nan) {
    entry["min"] = array.statistics->min;
    entry["mean"] = array.statistics->mean;
    entry["max"] = array.statistics->max;
  }
  if (array.statistics) entry["nan"] = array.statistics->nan;
  return entry;
}

Json file_json(FileView const& file) {
  auto const& mark = file.mark;
  return {{"name", mark.name},
          {"path", mark.path},
          {"mode", layout::mode_text(mark.mode)},
          {"offset", mark.offset},
          {"size", mark.size},
          {"synced", mark.synced},
          {"size_now", file.size_now ? Json(*file.size_now) : Json(nullptr)},
          {"would_be_cut", file.cut()}};
}

Json view_json(View const& view) {
  auto const& file = view.file;
  auto const& label = file.label();
  auto const& manifest = file.manifest();
  Json fields = Json::array();
  for (auto const& field : manifest.fields) {
    static constexpr char const* forms[] = {"number", "text", "list", "texts", "map"};
    fields.push_back({{"name", field.name},
                      {"form", forms[static_cast<std::size_t>(field.form)]},
                      {"type", type_name(field.kind())},
                      {"value", field_json(field)}});
  }
  Json arrays = Json::array();
  for (auto const& array : view.arrays) arrays.push_back(array_json(array));
  Json files = Json::array();
  for (auto const& stream : view.files) files.push_back(file_json(stream));
  Json logs = Json::object();
  for (auto const& log : file.logs()) logs[log.stream] = log.text;

  Json document{
      {"path", file.path().string()}, {"format_version", file.format()}, {"godwit_version", file.software()}};
  document.update({{"job", job_json(label.job)},
                   {"type", label.spec.type},
                   {"name", label.spec.name},
                   {"account", label.spec.account},
                   {"directory", label.spec.directory},
                   {"arguments", label.spec.arguments},
                   {"plugin_digest", label.spec.plugin_digest},
                   {"state_version", manifest.state_version}});
  document.update({{"epoch", label.epoch.value},
                   {"generation", label.generation.value},
                   {"parent", layout::parent_text(label)},
                   {"host", label.host.value},
                   {"node", label.node},
                   {"time", layout::time_text(file.time())}});
  document.update({{"steps", manifest.steps},
                   {"suspended", manifest.suspended},
                   {"wait_left_ms", static_cast<double>(manifest.wait_left.count()) / 1e6},
                   {"architecture", manifest.architecture},
                   {"byte_order", manifest.little_endian ? "little" : "big"},
                   {"page_bytes", manifest.page_bytes},
                   {"progress",
                    {{"done", manifest.progress.done},
                     {"total", manifest.progress.total},
                     {"unit", manifest.progress.unit}}}});
  document.update({{"bytes", file.file_bytes()},
                   {"whole_bytes", file.whole_bytes()},
                   {"ancestors", names_of(file.ancestors())},
                   {"root_digest", to_hex(file.root())},
                   {"verified", view.verified.ok()},
                   {"verify_ms", static_cast<double>(view.took.count()) / 1e6}});
  document.update({{"fields", fields}, {"arrays", arrays}, {"files", files}, {"logs", logs}});
  return document;
}

}  // namespace

int show(Asked const& asked, std::string const& target) {
  auto const chosen = choose_one(asked.store, target);
  if (!chosen) return complain(asked, chosen.failure());
  auto const begin = std::chrono::steady_clock::now();
  auto const file = CheckpointFile::open(chosen->path);
  if (!file) return complain(asked, in_file(file.failure(), chosen->path));
  auto const view = look_into(*file, std::chrono::steady_clock::now() - begin);
  if (asked.json)
    print_json(view_json(view));
  else
    print(view);
  if (view.verified) return exit_good;
  fmt::print(stderr, "godwit: {}: {}\n", chosen->path.string(), view.verified.failure().context);
  return exit_bad;
}

}  // namespace godwit::inspect
