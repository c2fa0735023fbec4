#include "edge/posix/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {
namespace {

Failure io_error(std::string_view doing, std::filesystem::path const& path) {
  return retry_later("io_error", fmt::format("{} {}: {}", doing, path.string(), errno_text(errno)));
}

Status write_all(int fd, std::string_view content, std::filesystem::path const& path) {
  while (!content.empty()) {
    auto const written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return io_error("writing", path);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return Done{};
}

}  // namespace

std::string errno_text(int error) {
  return fmt::format("{} (errno {})", std::generic_category().message(error), error);
}

Result<std::string> read_file(std::filesystem::path const& path, std::size_t bytes_max) {
  UniqueFd const fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR) return reject("no_such_file", path.string() + " doesn't exist");
    return io_error("opening", path);
  }
  std::string content;
  while (content.size() <= bytes_max) {
    char piece[65536];
    auto const got = ::read(fd.get(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("reading", path);
    if (got == 0) return content;
    content.append(piece, static_cast<std::size_t>(got));
  }
  return reject("too_long", fmt::format("{} is longer than {} bytes", path.string(), bytes_max));
}

Status replace_file(std::filesystem::path const& path, std::string_view content, mode_t mode) {
  auto temporary = path;
  temporary += fmt::format(".{}.new", ::getpid());
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd) return io_error("creating", temporary);
  auto fail = [&](Failure failure) {
    ::unlink(temporary.c_str());
    return failure;
  };
  if (::fchmod(fd.get(), mode) != 0) return fail(io_error("setting the mode of", temporary));
  if (auto written = write_all(fd.get(), content, temporary); !written) return fail(written.failure());
  if (::fsync(fd.get()) != 0) return fail(io_error("syncing", temporary));
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail(io_error("renaming to", path));
  return sync_directory(path.parent_path());
}

Status sync_directory(std::filesystem::path const& directory) {
  UniqueFd const fd(::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return io_error("opening", directory);
  if (::fsync(fd.get()) != 0) return io_error("syncing", directory);
  return Done{};
}

}  // namespace godwit
