// `godwit inspect export`: a whole checkpoint as a file of its own, or one field as HDF5, CSV, raw bytes or
// JSON. What is written was verified; an existing file is never overwritten; a failed export leaves none
// behind.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "app/godwit/inspect/selection.hpp"
#include "app/godwit/inspect/verbs.hpp"
#include "edge/hdf5/checkpoint_file.hpp"

namespace godwit::inspect {
namespace {

// Where the export goes: stdout, or a new file that is removed again unless it is finished.
class Sink {
 public:
  explicit Sink(std::string path) : path_(std::move(path)) {
    if (path_.empty()) {
      stream_ = stdout;
      return;
    }
    int const file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0)
      stream_ = ::fdopen(file, "w");
    else
      error_ = errno;
  }
  ~Sink() {
    if (stream_ != nullptr && stream_ != stdout) {
      std::fclose(stream_);
      ::unlink(path_.c_str());
    }
  }
  Sink(Sink const&) = delete;
  Sink& operator=(Sink const&) = delete;

  void put(std::string_view text) {
    if (error_ == 0 && std::fwrite(text.data(), 1, text.size(), stream_) != text.size()) error_ = errno;
  }
  void put(ByteView bytes) {
    put(std::string_view(reinterpret_cast<char const*>(bytes.data()), bytes.size()));
  }
  [[nodiscard]] Status status() const {
    if (error_ == 0) return Done{};
    auto const* const advice = error_ == EEXIST ? "; name another file with -o" : "";
    return reject("not_written",
                  fmt::format("{}: {}{}", path_.empty() ? "stdout" : path_, std::strerror(error_), advice));
  }
  [[nodiscard]] Status finish() {
    if (error_ == 0 && std::fflush(stream_) != 0) error_ = errno;
    if (error_ == 0 && stream_ != stdout) std::fclose(std::exchange(stream_, nullptr));
    return status();
  }

 private:
  std::string path_;
  std::FILE* stream_ = nullptr;
  int error_ = 0;
};

// One field or array, whichever has that name.
struct Selected {
  Field const* field{nullptr};
  std::size_t array{0};
};

Result<Selected> select(CheckpointFile const& file, std::string const& name) {
  auto const& manifest = file.manifest();
  for (auto const& field : manifest.fields) {
    if (field.name == name) return Selected{&field, 0};
  }
  std::string known;
  for (std::size_t i = 0; i < manifest.arrays.size(); ++i) {
    if (manifest.arrays[i].name == name) return Selected{nullptr, i};
  }
  for (auto const& field : manifest.fields) known += (known.empty() ? "" : ", ") + field.name;
  for (auto const& array : manifest.arrays) known += (known.empty() ? "" : ", ") + array.name;
  return reject("no_such_field", fmt::format("no field is called '{}'; there are: {}", name, known));
}

// Hands out the values' bytes in runs of whole numbers.
template <class F>
Status for_each_run(CheckpointFile const& file, Selected const& selected, F each) {
  if (selected.field == nullptr) return file.for_each_block(selected.array, each);
  each(ByteView(selected.field->value));
  return Done{};
}

struct Shape {
  Scalar scalar{};
  std::vector<std::uint64_t> extents;
};

Shape shape_of(CheckpointFile const& file, Selected const& selected) {
  if (selected.field == nullptr) {
    auto const& place = file.manifest().arrays[selected.array];
    return {place.scalar, place.shape};
  }
  auto const& field = *selected.field;
  if (field.form == FieldForm::number) return {field.scalar, {}};
  return {field.scalar, {field.value.size() / width_bytes(field.scalar)}};
}

// As a cell of CSV: quoted where it must be (RFC 4180).
std::string cell(std::string const& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char const c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

// Has it texts, so that it isn't a run of numbers of one kind?
bool has_texts(Selected const& selected) {
  return selected.field != nullptr && selected.field->form != FieldForm::number &&
         selected.field->form != FieldForm::list;
}

// A line per row of the last dimension; a list or one-dimensional array: a line per element; a map: a line
// per pair.
Status write_csv(CheckpointFile const& file, Selected const& selected, Sink& output) {
  if (selected.field != nullptr && selected.field->form == FieldForm::text) {
    output.put(selected.field->value);
    output.put("\n");
    return Done{};
  }
  if (has_texts(selected)) {
    PlainValues values(*selected.field);
    bool const is_map = selected.field->form == FieldForm::map;
    for (bool key = true; auto const value = values.next(); key = !key) {
      output.put(cell(plain_text(*value)) + (is_map && key ? "," : "\n"));
    }
    return Done{};
  }
  auto const shape = shape_of(file, selected);
  auto const columns = shape.extents.size() < 2 ? 1 : shape.extents.back();
  std::uint64_t column = 0;
  return for_each_run(file, selected, [&](ByteView run) {
    std::string text;
    for (std::size_t at = 0; at < run.size(); at += width_bytes(shape.scalar)) {
      text += number_text(shape.scalar, run.data() + at);
      column = (column + 1) % columns;
      text += column == 0 ? '\n' : ',';
    }
    output.put(text);
  });
}

// {"name", "type", "shape", "values"}: the values flat, row-major, written as they are read.
Status write_json(CheckpointFile const& file, std::string const& name, Selected const& selected,
                  Sink& output) {
  bool const is_text = has_texts(selected);
  auto const shape = shape_of(file, selected);
  auto const spelled = [](Json const& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  output.put(fmt::format(R"({{"name": {}, "type": {}, )", spelled(name),
                         spelled(is_text ? type_name(selected.field->kind()) : type_name(shape.scalar))));
  if (is_text) {
    output.put(fmt::format("\"value\": {}}}\n", spelled(field_json(*selected.field))));
    return Done{};
  }
  output.put(fmt::format("\"shape\": {}, \"values\": [", spelled(shape.extents)));
  bool first = true;
  auto const status = for_each_run(file, selected, [&](ByteView run) {
    std::string text;
    for (std::size_t at = 0; at < run.size(); at += width_bytes(shape.scalar)) {
      if (!std::exchange(first, false)) text += ", ";
      text += spelled(number_json(shape.scalar, run.data() + at));
    }
    output.put(text);
  });
  output.put("]}\n");
  return status;
}

Status write_whole(CheckpointFile const& file, Sink& output) {
  if (auto status = file.verify(); !status) return status;
  auto* const in = std::fopen(file.path().c_str(), "rb");
  if (in == nullptr) return retry_later("unreadable", std::strerror(errno));
  std::vector<char> buffer(1 << 20);
  std::size_t n = 0;
  while ((n = std::fread(buffer.data(), 1, buffer.size(), in)) > 0)
    output.put(std::string_view(buffer.data(), n));
  bool const failed = std::ferror(in) != 0;
  std::fclose(in);
  if (failed) return retry_later("unreadable", "reading failed");
  return Done{};
}

std::string name_for(CheckpointFile const& file, std::string const& field) {
  auto const& label = file.label();
  auto name = fmt::format("{}-{}-{}", label.job, label.epoch, label.generation);
  if (!field.empty()) name += "-" + field;
  std::ranges::replace(name, '/', '_');
  return name + ".h5";
}

Status write_field(CheckpointFile const& file, ExportOptions const& options, std::string const& format,
                   std::string const& path) {
  auto const selected = select(file, options.field);
  if (!selected) return selected.failure();
  if (format == "h5") {
    if (auto status = file.verify(); !status) return status;
    return file.export_field(options.field, path);
  }
  Sink output(path);
  if (auto status = output.status(); !status) return status;
  auto const written = format == "csv" ? write_csv(file, *selected, output)
                       : format == "json"
                           ? write_json(file, options.field, *selected, output)
                           : for_each_run(file, *selected, [&](ByteView run) { output.put(run); });
  if (!written) return written;
  return output.finish();
}

}  // namespace

int export_checkpoint(Asked const& asked, ExportOptions const& options) {
  auto const chosen = choose_one(asked.store, options.target);
  if (!chosen) return complain(asked, chosen.failure());
  auto const file = CheckpointFile::open(chosen->path);
  if (!file) return complain(asked, in_file(file.failure(), chosen->path));

  auto const format = !options.format.empty() ? options.format : options.field.empty() ? "h5" : "csv";
  if (options.field.empty() && format != "h5") {
    return complain(asked,
                    reject("no_field", fmt::format("{} holds one field: name it with --field NAME", format)));
  }
  bool const to_stdout = options.output == "-" || (options.output.empty() && format != "h5");
  if (to_stdout && format == "h5" && !options.field.empty()) {
    return complain(asked, reject("no_file", "HDF5 of one field needs a file: name it with -o FILE"));
  }
  auto const path = to_stdout                 ? ""
                    : !options.output.empty() ? options.output
                                              : name_for(*file, options.field);
  Status status = Done{};
  if (options.field.empty() && !file->ancestors().empty()) {
    if (!options.whole || to_stdout) {
      return complain(
          asked,
          reject("not_whole", fmt::format("a part of it lies in {} beside it: --whole, and a file's name, "
                                          "write all of it to one file",
                                          file->ancestors().front().file)));
    }
    status = file->verify();
    if (status) status = file->write_whole(path);
  } else if (options.field.empty()) {
    Sink output(path);
    status = output.status();
    if (status) status = write_whole(*file, output);
    if (status) status = output.finish();
  } else {
    status = write_field(*file, options, format, path);
  }
  if (!status) {
    auto const& failure = status.failure();
    bool const bad = failure.code == "damaged" || failure.code == "truncated";
    complain(asked, bad ? in_file(failure, chosen->path) : failure);
    return bad ? exit_bad : exit_unreadable;
  }
  if (to_stdout) return exit_good;
  if (asked.json)
    print_json({{"path", path}});
  else
    fmt::print("{}\n", path);
  return exit_good;
}

}  // namespace godwit::inspect
