#include "edge/capsules/plugin_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

namespace {

Failure failed(char const* doing, std::filesystem::path const& path) {
  return retry_later("store_not_writable",
                     fmt::format("cannot {} {}: {}", doing, path.native(), std::strerror(errno)));
}

Result<Bytes> read_whole(std::filesystem::path const& path) {
  UniqueFd const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0) return failed("read", path);
  Bytes bytes(static_cast<std::size_t>(info.st_size));
  std::size_t at = 0;
  while (at < bytes.size()) {
    auto const got = ::read(file.get(), bytes.data() + at, bytes.size() - at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path);
    if (got == 0) break;
    at += static_cast<std::size_t>(got);
  }
  bytes.resize(at);
  return bytes;
}

Status write_durably(std::filesystem::path const& path, ByteView bytes) {
  UniqueFd const file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755));
  if (!file) return failed("write", path);
  while (!bytes.empty()) {
    auto const put = ::write(file.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failed("write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  if (::fsync(file.get()) != 0) return failed("write", path);
  return Done{};
}

Status publish(std::filesystem::path const& temporary, std::filesystem::path const& path) {
  UniqueFd const directory(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::rename(temporary.c_str(), path.c_str()) != 0 || ::fsync(directory.get()) != 0) {
    return failed("publish", path);
  }
  return Done{};
}

}  // namespace

Result<JobType> PluginStore::keep(std::filesystem::path const& plugin, Describe const& describe) {
  auto const bytes = read_whole(plugin);
  if (!bytes) return bytes.failure();
  auto const digest = to_hex(digest_of(*bytes));
  std::error_code ignored;  // shows as a failure to write
  std::filesystem::create_directories(directory_, ignored);
  auto const temporary = directory_ / fmt::format(".{}.{}.so", digest, ::getpid());
  if (auto status = write_durably(temporary, *bytes); !status) return status.failure();

  auto type = describe(temporary);
  auto const published = type ? publish(temporary, directory_ / (digest + ".so")) : Status(type.failure());
  if (!published) {
    ::unlink(temporary.c_str());
    auto failure = published.failure();
    if (auto const at = failure.context.find(temporary.native()); at != std::string::npos) {
      failure.context.replace(at, temporary.native().size(), plugin.native());  // the user knows that one
    }
    return failure;
  }
  type->plugin_digest = digest;
  type->plugin_path = plugin.native();
  return type;
}

bool PluginStore::holds(Result<JobType> const& type) const {
  if (!type) return true;
  std::error_code ignored;
  return std::filesystem::exists(directory_ / (type->plugin_digest + ".so"), ignored);
}

}  // namespace godwit
