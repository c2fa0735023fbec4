// The inside of a CheckpointFile, for its sources.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "edge/hdf5/checkpoint_file.hpp"
#include "edge/hdf5/contents.hpp"
#include "edge/hdf5/seal.hpp"

namespace godwit {

class OpenFile {  // an open descriptor
 public:
  explicit OpenFile(std::filesystem::path const& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(OpenFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OpenFile& operator=(OpenFile&&) = delete;
  OpenFile(OpenFile const&) = delete;
  OpenFile& operator=(OpenFile const&) = delete;

  // Its size, if it is an ordinary file.
  [[nodiscard]] Result<std::uint64_t> bytes() const {
    struct stat status {};
    if (fd_ < 0 || ::fstat(fd_, &status) != 0) return unreadable();
    if (!S_ISREG(status.st_mode)) return reject("unreadable", "not an ordinary file");
    return static_cast<std::uint64_t>(status.st_size);
  }
  [[nodiscard]] Status read(std::uint64_t offset, std::span<std::byte> into) const {
    while (!into.empty()) {
      auto const n = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return unreadable();
      if (n == 0) return data_lost("truncated", fmt::format("truncated: nothing at byte {}", offset));
      into = into.subspan(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
    }
    return Done{};
  }

 private:
  [[nodiscard]] static Failure unreadable() { return retry_later("unreadable", std::strerror(errno)); }

  int fd_;
};

struct CheckpointFile::Core {
  Core(std::filesystem::path const& path_) : path(path_), file(path_) {}

  std::filesystem::path path;
  OpenFile file;
  Seal seal;
  Contents contents;
  std::vector<OpenFile> ancestors;  // open, and those that are meant

  [[nodiscard]] OpenFile const& of(std::uint64_t number) const { return number == 0 ? file : ancestors[number - 1]; }

  struct Expanded {  // a chunk: what is read next of a file is mostly of the same
    std::size_t array{0}, row{0};
    Bytes bytes;
  };
  std::vector<Expanded> expanded;  // per file
};

}  // namespace godwit
