#include "edge/posix/store_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "edge/posix/file.hpp"
#include "edge/posix/identity.hpp"

namespace godwit {
namespace {

Failure not_writable(std::filesystem::path const& path, std::string_view why) {
  return reject(
      "store_not_writable",
      fmt::format("store {} is not writable: {}. Name another one with --store", path.string(), why));
}

// The only test that tells: root, read-only mounts and quotas fool every look at the mode bits.
Status try_write(std::filesystem::path const& store) {
  auto const probe = store / fmt::format(".probe-{}-{}", node_name(), ::getpid());
  UniqueFd const fd(::open(probe.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd) return not_writable(store, errno_text(errno));
  bool const written = ::write(fd.get(), "x", 1) == 1;
  int const error = errno;
  ::unlink(probe.c_str());
  if (!written) return not_writable(store, errno_text(error));
  return Done{};
}

}  // namespace

Result<StoreDirectory> StoreDirectory::make(std::filesystem::path const& path) {
  std::error_code error;
  for (auto const* folder : {"", "ledger", "jobs", "plugins", "log"}) {
    auto const directory = *folder == '\0' ? path : path / folder;
    std::filesystem::create_directories(directory, error);
    if (error) return not_writable(path, error.message());
    if (auto written = try_write(directory); !written) return written.failure();
  }
  return StoreDirectory(path);
}

Status StoreDirectory::check(std::filesystem::path const& path) {
  using Steady = std::chrono::steady_clock;
  std::error_code error;
  for (auto const deadline = Steady::now() + std::chrono::seconds(10);;) {
    if (std::filesystem::is_directory(path / "ledger", error)) return try_write(path);
    if (Steady::now() > deadline) {
      return reject(
          "store_not_shared",
          fmt::format(
              "store {} can't be seen from node {}: it must lie on a file system that all nodes share",
              path.string(), node_name()));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

Status StoreDirectory::lock() {
  auto const path = ledger() / "lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return not_writable(path_, errno_text(errno));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
    lock_ = std::move(fd);
    return Done{};
  }
  if (errno != EWOULDBLOCK) return Done{};  // no locks on this file system: the other guards remain
  return reject("store_in_use",
                "a runtime already uses store " + path_.string() + ": use it, or stop it with 'godwit stop'");
}

}  // namespace godwit
