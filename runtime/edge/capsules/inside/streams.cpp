#include "edge/capsules/inside/streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "edge/capsules/inside/copied_file.hpp"

namespace godwit::inside {

template <class Stream, class File>
Status Streams::bind(std::string const& name, Stream& stream, Result<std::unique_ptr<File>> file) {
  if (!file) return file.failure();
  stream.bind(file->get());
  opened_.insert_or_assign(name, Opened(std::move(*file)));
  return Done{};
}

std::filesystem::path Streams::place_of(std::filesystem::path const& path) const {
  auto place = directory_ / path;
  place += suffix_;
  return place;
}

// "out/%{r}.csv" in an empty directory: what lies below the job's own directory is made. A directory given by an
// absolute path isn't: it may be a filesystem that isn't mounted, or a slip.
void Streams::make_directories(std::filesystem::path const& path) const {
  std::error_code ignored;  // opening the file tells
  auto const below = path.lexically_normal();
  if (below.is_absolute() || below.native().starts_with("..") || !below.has_parent_path()) return;
  if (!std::filesystem::is_directory(directory_, ignored)) return;
  auto place = directory_;
  for (auto const& part : below.parent_path()) {
    auto const above = place;
    place /= part;
    if (!std::filesystem::create_directory(place, ignored)) continue;
    UniqueFd const entry(::open(above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (entry) ::fsync(entry.get());
  }
}

Status Streams::open(std::string const& name, Input& stream, std::filesystem::path const& path) {
  return bind(name, stream, InputFile::open(name, directory_ / path));
}

Status Streams::open(std::string const& name, Output& stream, std::filesystem::path const& path,
                     Output::Mode mode) {
  auto const whole = place_of(path);
  make_directories(path);
  if (mode == Output::replace) {
    if (auto status = freshen(name, whole, 0); !status) return status;
    return bind(name, stream, OutputFile::open(name, whole, StreamMode::replace));
  }
  if (auto const base = bases_.of(whole)) {  // an earlier attempt of this job appended already
    StreamMark mark;
    mark.name = name;
    mark.path = whole.native();
    mark.mode = StreamMode::append;
    mark.offset = mark.synced = *base;
    return reopen(mark, stream);
  }
  std::error_code none;
  auto const bytes = std::filesystem::file_size(whole, none);
  if (auto status = freshen(name, whole, none ? 0 : bytes); !status) return status;
  auto file = OutputFile::open(name, whole, StreamMode::append);
  if (!file) return file.failure();
  if (auto status = bases_.record(whole, (*file)->offset()); !status) return status;
  return bind(name, stream, std::move(file));
}

Status Streams::reopen(StreamMark const& mark, Input& stream) {
  return bind(mark.name, stream, InputFile::reopen(mark));
}

Status Streams::reopen(StreamMark const& mark, Output& stream) {
  if (auto status = freshen(mark.name, mark.path, mark.synced); !status) return status;
  return bind(mark.name, stream, OutputFile::reopen(mark, mark.path));
}

Status Streams::copy(StreamMark const& mark, Output& stream, std::filesystem::path const& path) {
  auto const whole = place_of(path);
  if (auto status = copy_start(mark.name, mark.path, whole, mark.synced); !status) return status;
  return bind(mark.name, stream, OutputFile::reopen(mark, whole));
}

// What is kept of it, as a new file of the same name.
Status Streams::freshen(std::string const& name, std::filesystem::path const& path, std::uint64_t bytes) {
  std::error_code none;
  bool const there = std::filesystem::is_regular_file(path, none);
  return fresh_files_ && there ? copy_start(name, path, path, bytes) : Status(Done{});
}

template <class Act>
Status Streams::each_output(Act const& act) {
  for (auto& [name, opened] : opened_) {
    if (auto* const output = std::get_if<std::unique_ptr<OutputFile>>(&opened)) {
      if (auto status = act(**output); !status) return status;
    }
  }
  return Done{};
}

Status Streams::take_back(Others others) {
  return each_output([&](OutputFile& output) { return output.take_back(others); });
}
Status Streams::flush() {
  return each_output([](OutputFile& output) { return output.flush(); });
}
Status Streams::sync() {
  return each_output([](OutputFile& output) { return output.sync(); });
}

std::optional<StreamMark> Streams::mark(std::string_view name) const {
  auto const found = opened_.find(name);
  if (found == opened_.end()) return std::nullopt;
  return std::visit([](auto const& file) { return file->mark(); }, found->second);
}

}  // namespace godwit::inside
