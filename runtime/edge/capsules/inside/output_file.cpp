#include "edge/capsules/inside/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "edge/capsules/inside/copied_file.hpp"

namespace godwit::inside {

namespace {

constexpr std::size_t flush_bytes = std::size_t{64} << 10;

Failure cannot_open(std::string const& name, std::filesystem::path const& path, int error) {
  std::error_code ignored;
  auto const directory = path.parent_path();
  if (error == ENOENT && !std::filesystem::is_directory(directory, ignored)) {
    return reject("output_directory_missing",
                  fmt::format("output directory missing: {} (for '{}')", directory.native(), name));
  }
  return reject("output_not_writable",
                fmt::format("cannot write output '{}': {}: {}", name, path.native(), std::strerror(error)));
}

Result<struct stat> regular_file(int fd, std::string const& name, std::filesystem::path const& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return cannot_open(name, path, errno);
  if (!S_ISREG(info.st_mode)) {
    return reject(
        "output_not_writable",
        fmt::format("cannot write output '{}': {}: not a regular file, so it can't be cut back after a move",
                    name, path.native()));
  }
  return info;
}

bool sync_directory(std::filesystem::path const& path) {
  UniqueFd const directory(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory && ::fsync(directory.get()) == 0;
}

}  // namespace

Result<std::unique_ptr<OutputFile>> OutputFile::open(std::string name, std::filesystem::path path,
                                                     StreamMode mode) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!file) return cannot_open(name, path, errno);
  auto const info = regular_file(file.get(), name, path);
  if (!info) return info.failure();
  std::uint64_t durable = 0;
  if (mode == StreamMode::append) {
    durable = static_cast<std::uint64_t>(info->st_size);
    if (durable > 0 && ::fdatasync(file.get()) != 0) return cannot_open(name, path, errno);
  } else if (::ftruncate(file.get(), 0) != 0) {
    return cannot_open(name, path, errno);
  }
  return std::unique_ptr<OutputFile>(
      new OutputFile(std::move(file), std::move(name), std::move(path), mode, durable));
}

Result<std::unique_ptr<OutputFile>> OutputFile::reopen(StreamMark const& mark, std::filesystem::path path) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC | (mark.synced == 0 ? O_CREAT : 0), 0666));
  std::error_code ignored;
  if (!file && errno == ENOENT && std::filesystem::is_directory(path.parent_path(), ignored)) {
    return data_lost("output_short", fmt::format("output '{}': {} is gone, and {} bytes of it were durable at the safe point", mark.name,
                                                 path.native(), mark.synced));
  }
  if (!file) return cannot_open(mark.name, path, errno);
  auto const info = regular_file(file.get(), mark.name, path);
  if (!info) return info.failure();
  if (static_cast<std::uint64_t>(info->st_size) < mark.synced) {
    return data_lost("output_short",
                     fmt::format("output '{}': {} has {} bytes, and {} were durable at the safe point: "
                                 "somebody cut or replaced it",
                                 mark.name, path.native(), info->st_size, mark.synced));
  }
  if (mark.synced + mark.tail.size() != mark.offset) {
    return data_lost("malformed", fmt::format("output '{}': its mark contradicts itself", mark.name));
  }
  if (::ftruncate(file.get(), static_cast<off_t>(mark.synced)) != 0)
    return cannot_open(mark.name, path, errno);
  std::unique_ptr<OutputFile> output(
      new OutputFile(std::move(file), mark.name, std::move(path), mark.mode, mark.synced));
  output->tail_ = mark.tail;
  if (auto status = output->flush(); !status) return status.failure();
  return output;
}

Status OutputFile::take_back(Others others) {
  if (others == Others::none) return Done{};
  if (others == Others::perhaps_there) {
    if (auto status = copy_start(name_, path_, path_, durable_); !status) return status;
  }
  auto again = reopen(mark(), path_);
  if (!again) return again.failure();
  file_ = std::move((*again)->file_);
  tail_written_ = tail_.size();
  return Done{};
}

void OutputFile::write(char const* from, std::size_t size) {
  auto const require = [](Status const& status) {
    if (!status) throw StreamError(status.failure().context);
  };
  while (size > 0) {
    auto const piece = std::min(size, tail_bytes_max);
    auto const* const first = reinterpret_cast<std::byte const*>(from);
    tail_.insert(tail_.end(), first, first + piece);
    from += piece;
    size -= piece;
    if (tail_.size() > tail_bytes_max) {
      require(sync());
    } else if (tail_.size() - tail_written_ >= flush_bytes) {
      require(flush());
    }
  }
}

Status OutputFile::flush() {
  while (tail_written_ < tail_.size()) {
    auto const put = ::pwrite(file_.get(), tail_.data() + tail_written_, tail_.size() - tail_written_,
                              static_cast<off_t>(durable_ + tail_written_));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failed("write");
    tail_written_ += static_cast<std::size_t>(put);
  }
  return Done{};
}

Status OutputFile::sync() {
  if (auto status = flush(); !status) return status;
  if (!directory_synced_ && !sync_directory(path_)) return failed("make durable");
  directory_synced_ = true;
  if (::fdatasync(file_.get()) != 0) return failed("make durable");
  durable_ += tail_.size();
  tail_.clear();
  tail_written_ = 0;
  return Done{};
}

StreamMark OutputFile::mark() const {
  StreamMark mark;
  mark.name = name_;
  mark.path = path_.native();
  mark.mode = mode_;
  mark.offset = offset();
  mark.size = offset();
  mark.synced = durable_;
  mark.tail = tail_;
  return mark;
}

Failure OutputFile::failed(char const* doing) const {
  return reject("output_failed", fmt::format("cannot {} output '{}': {}: {}", doing, name_, path_.native(),
                                             std::strerror(errno)));
}

}  // namespace godwit::inside
