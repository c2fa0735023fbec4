#include "edge/hdf5/draft.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace godwit {
namespace {

constexpr int attempts_max = 1000;

// Opens root/a/b/…, making what is missing below `root`. A directory descriptor, or -1 with errno.
int open_directory(std::filesystem::path const& root, std::filesystem::path const& below) {
  int at = ::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (auto const& part : below) {
    if (at < 0) break;
    bool const made = ::mkdirat(at, part.c_str(), 0777) == 0;
    if (made) ::fsync(at);
    int const next = ::openat(at, part.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int const error = errno;
    ::close(at);
    errno = error;
    at = next;
  }
  return at;
}

// Moves a name within a directory unless the new one is taken. 0, or -1 with errno.
int rename_without_replacing(int directory, char const* from, char const* to) {
  if (::renameat2(directory, from, directory, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  if (::linkat(directory, from, directory, to, 0) != 0) return -1;  // file systems without the flag
  return ::unlinkat(directory, from, 0);
}

}  // namespace

Failure file_failure(int error, std::string const& doing, std::filesystem::path const& path) {
  auto const context = [&](char const* advice) {
    return fmt::format("{} {}: {}{}", doing, path.string(), std::strerror(error), advice);
  };
  switch (error) {
    case EEXIST: return reject("exists", context("; a checkpoint is never replaced"));
    case ENOSPC:
    case EDQUOT: return retry_later("no_space", context("; make room in the store"));
    case EFBIG: return retry_later("file_too_large", context("; raise the limit on file sizes (ulimit -f)"));
    case EACCES:
    case EPERM:
    case EROFS: return retry_later("not_writable", context("; the store must be writable"));
    case ENOENT:
    case ENOTDIR: return retry_later("no_directory", context("; is the store mounted?"));
    default: return retry_later("io_error", context(""));
  }
}

Result<Draft> Draft::open(std::filesystem::path const& root, std::string const& relative) {
  std::filesystem::path const below(relative);
  Draft draft(root / below, open_directory(root, below.parent_path()));
  if (draft.directory_ < 0) return file_failure(errno, "opening directory", draft.target_.parent_path());
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    auto const name = fmt::format(".{}.{}-{}.tmp", below.filename().string(), ::getpid(), attempt);
    draft.file_ = ::openat(draft.directory_, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (draft.file_ >= 0) {
      draft.temporary_ = name;
      return draft;
    }
    if (errno != EEXIST) break;
  }
  return file_failure(errno, "creating", draft.target_);
}

Draft::Draft(Draft&& other) noexcept
    : target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, {})),
      directory_(std::exchange(other.directory_, -1)),
      file_(std::exchange(other.file_, -1)) {}

Draft::~Draft() {
  if (!temporary_.empty()) ::unlinkat(directory_, temporary_.c_str(), 0);
  if (file_ >= 0) ::close(file_);
  if (directory_ >= 0) ::close(directory_);
}

Status Draft::write(std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    auto const n = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return file_failure(errno, "writing", target_);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return Done{};
}

void Draft::start_writeback(std::uint64_t offset, std::uint64_t bytes) {
  ::sync_file_range(file_, static_cast<off_t>(offset), static_cast<off_t>(bytes), SYNC_FILE_RANGE_WRITE);
}

Status Draft::publish() {
  if (::fsync(file_) != 0) return file_failure(errno, "flushing", target_);
  auto const name = target_.filename();
  if (rename_without_replacing(directory_, temporary_.c_str(), name.c_str()) != 0) {
    return file_failure(errno, "publishing", target_);
  }
  temporary_.clear();
  if (::fsync(directory_) != 0) return file_failure(errno, "flushing the directory of", target_);
  return Done{};
}

}  // namespace godwit
