#include "edge/hdf5/draft.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/fault_point.hpp"

namespace godwit {
namespace {

constexpr int attempts_max = 1000;
constexpr std::uint64_t direct_alignment = 4096;
constexpr std::uint64_t bulk_bytes = 16 << 20;  // written at a time

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

std::string draft_node() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

Failure file_failure(int error, std::string const& doing, std::filesystem::path const& path) {
  auto const context = [&](char const* advice) {
    return fmt::format("{} {}: {}{}", doing, path.string(), std::strerror(error), advice);
  };
  switch (error) {
    case EEXIST:
      return reject("exists", context("; a checkpoint is never replaced"));
    case ENOSPC:
    case EDQUOT:
      return retry_later("no_space", context("; make room in the store"));
    case EFBIG:
      return retry_later("file_too_large", context("; raise the limit on file sizes (ulimit -f)"));
    case EACCES:
    case EPERM:
    case EROFS:
      return retry_later("not_writable", context("; the store must be writable"));
    case ENOENT:
    case ENOTDIR:
      return retry_later("no_directory", context("; is the store mounted?"));
    case EIO:
      return retry_later("io_error", context("; the disk or the file system fails: its own log says why. The job runs on, and the "
                                             "next checkpoint tries again"));
    default:
      return retry_later("io_error", context(""));
  }
}

Result<Draft> Draft::open(std::filesystem::path const& root, std::string const& relative) {
  std::filesystem::path const below(relative);
  Draft draft(root / below, open_directory(root, below.parent_path()));
  if (draft.directory_ < 0) return file_failure(errno, "opening directory", draft.target_.parent_path());
  auto const node = draft_node();
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    auto const name = fmt::format(".{}.{}.{}-{}.tmp", below.filename().string(), node, ::getpid(), attempt);
    draft.file_ = ::openat(draft.directory_, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (draft.file_ >= 0) {
      draft.temporary_ = name;
      draft.direct_ = ::openat(draft.directory_, name.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC);
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
      file_(std::exchange(other.file_, -1)),
      direct_(std::exchange(other.direct_, -1)) {}

Draft::~Draft() {
  if (!temporary_.empty()) ::unlinkat(directory_, temporary_.c_str(), 0);
  if (file_ >= 0) ::close(file_);
  if (direct_ >= 0) ::close(direct_);
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

Result<std::uint64_t> Draft::write_directly(std::uint64_t offset, ByteView bytes) {
  auto const address = reinterpret_cast<std::uintptr_t>(bytes.data());
  if (direct_ < 0 || address % direct_alignment != 0 || offset % direct_alignment != 0)
    return std::uint64_t{0};
  auto const whole = bytes.size() / direct_alignment * direct_alignment;
  std::uint64_t done = 0;
  while (done < whole) {
    auto const n = ::pwrite(direct_, bytes.data() + done, std::min(whole - done, bulk_bytes),
                            static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EINVAL) break;  // opened, but not able to
    if (n < 0) return file_failure(errno, "writing", target_);
    done += static_cast<std::uint64_t>(n);
    if (done % direct_alignment != 0) break;  // cut short by a full disk: the page cache will say so
  }
  return done;
}

Status Draft::write_bulk(std::uint64_t offset, ByteView bytes) {
  auto const direct = write_directly(offset, bytes);
  if (!direct) return direct.failure();
  bytes = bytes.subspan(*direct);
  offset += *direct;
  while (!bytes.empty()) {
    auto const part = bytes.first(std::min(bytes.size(), bulk_bytes));
    if (auto status = write(offset, part); !status) return status;
    ::sync_file_range(file_, static_cast<off_t>(offset), static_cast<off_t>(part.size()),
                      SYNC_FILE_RANGE_WRITE);
    bytes = bytes.subspan(part.size());
    offset += part.size();
  }
  return Done{};
}

Status Draft::publish() {
  fault_point("publish", "written");
  if (::fsync(file_) != 0) return file_failure(errno, "flushing", target_);
  fault_point("publish", "flushed");
  auto const name = target_.filename();
  if (rename_without_replacing(directory_, temporary_.c_str(), name.c_str()) != 0) {
    return file_failure(errno, "publishing", target_);
  }
  temporary_.clear();
  fault_point("publish", "renamed");
  if (::fsync(directory_) != 0) return file_failure(errno, "flushing the directory of", target_);
  fault_point("publish", "durable");
  return Done{};
}

}  // namespace godwit
