#include "edge/capsules/inside/input_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "edge/capsules/inside/output_file.hpp"

namespace godwit::inside {

namespace {

constexpr std::size_t buffer_bytes = std::size_t{64} << 10;

std::string cannot_read(std::string const& name, std::filesystem::path const& path, int error) {
  return fmt::format("cannot read input '{}': {}: {}", name, path.native(), std::strerror(error));
}

}  // namespace

InputFile::InputFile(UniqueFd file, std::string name, std::filesystem::path path, std::uint64_t size)
    : file_(std::move(file)),
      name_(std::move(name)),
      path_(std::move(path)),
      size_(size),
      buffer_(buffer_bytes) {}

Result<std::unique_ptr<InputFile>> InputFile::open(std::string name, std::filesystem::path path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0)
    return reject("input_not_readable", cannot_read(name, path, errno));
  if (S_ISDIR(info.st_mode)) return reject("input_not_readable", cannot_read(name, path, EISDIR));
  if (!S_ISREG(info.st_mode)) {
    return reject(
        "input_not_readable",
        fmt::format("cannot read input '{}': {}: not a regular file, so it can't be read again after a move",
                    name, path.native()));
  }
  auto const size = static_cast<std::uint64_t>(info.st_size);
  return std::unique_ptr<InputFile>(new InputFile(std::move(file), std::move(name), std::move(path), size));
}

Result<std::unique_ptr<InputFile>> InputFile::reopen(StreamMark const& mark) {
  auto input = open(mark.name, mark.path);
  if (!input) return input;
  if ((*input)->size_ < mark.offset) {
    return data_lost("input_short",
                     fmt::format("input '{}': {} has {} bytes, and the job had read {}: somebody cut or "
                                 "replaced it",
                                 mark.name, mark.path, (*input)->size_, mark.offset));
  }
  (*input)->offset_ = mark.offset;
  (*input)->size_ = mark.size;
  if (::lseek(input->get()->file_.get(), static_cast<off_t>(mark.offset), SEEK_SET) < 0) {
    return reject("input_not_readable", cannot_read(mark.name, mark.path, errno));
  }
  return input;
}

std::size_t InputFile::read(char* to, std::size_t size) {
  std::size_t done = 0;
  while (done < size && (from_ < to_ || refill())) {
    auto const piece = std::min(size - done, to_ - from_);
    std::memcpy(to + done, buffer_.data() + from_, piece);
    from_ += piece;
    done += piece;
  }
  offset_ += done;
  return done;
}

bool InputFile::line(std::string& to) {
  to.clear();
  bool any = false;
  while (from_ < to_ || refill()) {
    any = true;
    auto const* const first = buffer_.data() + from_;
    auto const* const newline = static_cast<char const*>(std::memchr(first, '\n', to_ - from_));
    auto const piece = newline != nullptr ? static_cast<std::size_t>(newline - first) : to_ - from_;
    to.append(first, piece);
    auto const taken = piece + (newline != nullptr ? 1 : 0);
    from_ += taken;
    offset_ += taken;
    if (newline != nullptr) return true;
  }
  return any;
}

bool InputFile::refill() {
  for (;;) {
    auto const got = ::read(file_.get(), buffer_.data(), buffer_.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw StreamError(cannot_read(name_, path_, errno));
    from_ = 0;
    to_ = static_cast<std::size_t>(got);
    return got > 0;
  }
}

StreamMark InputFile::mark() const {
  StreamMark mark;
  mark.name = name_;
  mark.path = path_.native();
  mark.mode = StreamMode::input;
  mark.offset = offset_;
  mark.size = size_;
  return mark;
}

}  // namespace godwit::inside
