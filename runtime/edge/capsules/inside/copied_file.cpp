#include "edge/capsules/inside/copied_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "edge/capsules/link/unique_fd.hpp"

namespace godwit::inside {

namespace {

namespace fs = std::filesystem;

// A file that has no name of its own yet; goes away unless it gets one.
class Draft {
 public:
  explicit Draft(fs::path const& place) : path_(place.native() + ".XXXXXX") {
    file_ = UniqueFd(::mkostemp(path_.data(), O_CLOEXEC));
    struct stat old {};
    auto const replaces = ::stat(place.c_str(), &old) == 0;
    auto const mask = ::umask(0);
    ::umask(mask);
    if (file_) ::fchmod(file_.get(), replaces ? old.st_mode & 07777 : 0666 & ~mask);
  }
  ~Draft() {
    if (file_ && !named_) ::unlink(path_.c_str());
  }
  Draft(Draft const&) = delete;
  Draft& operator=(Draft const&) = delete;

  [[nodiscard]] int file() const { return file_ ? file_.get() : -1; }
  [[nodiscard]] bool publish(fs::path const& place) {
    named_ = ::fdatasync(file_.get()) == 0 && ::rename(path_.c_str(), place.c_str()) == 0;
    if (!named_) return false;
    UniqueFd const directory(::open(place.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return directory && ::fsync(directory.get()) == 0;
  }

 private:
  std::string path_;
  UniqueFd file_;
  bool named_ = false;
};

}  // namespace

Status copy_start(std::string const& name, fs::path const& from, fs::path const& to, std::uint64_t bytes) {
  auto const failed = [&](fs::path const& path) {
    return reject("output_not_copied",
                  fmt::format("cannot copy output '{}' from {} to {}: {}: {}", name, from.native(),
                              to.native(), path.native(), std::strerror(errno)));
  };
  std::error_code none;  // it isn't there yet
  auto place = fs::canonical(to, none);
  if (none) place = to;
  struct stat old {};
  if (::stat(place.c_str(), &old) == 0 && !S_ISREG(old.st_mode)) {
    errno = EINVAL;  // a device or a directory: never replaced
    return failed(to);
  }
  Draft draft(place);
  if (draft.file() < 0) return failed(to);
  UniqueFd const in(bytes > 0 ? ::open(from.c_str(), O_RDONLY | O_CLOEXEC) : -1);
  if (bytes > 0 && !in) return failed(from);
  constexpr std::uint64_t piece_bytes = std::uint64_t{1} << 30;
  for (std::uint64_t left = bytes; left > 0;) {
    auto const put = ::sendfile(draft.file(), in.get(), nullptr, std::min(left, piece_bytes));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failed(to);
    if (put == 0) {
      return data_lost(
          "output_short",
          fmt::format("output '{}': {} has {} bytes, and {} were durable at the safe point: somebody cut "
                      "or replaced it",
                      name, from.native(), bytes - left, bytes));
    }
    left -= static_cast<std::uint64_t>(put);
  }
  if (!draft.publish(place)) return failed(to);
  return Done{};
}

}  // namespace godwit::inside
