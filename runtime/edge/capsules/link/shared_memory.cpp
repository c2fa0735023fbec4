#include "edge/capsules/link/shared_memory.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace godwit {

namespace {

constexpr std::uint64_t touch_bytes = std::uint64_t{16} << 20;  // between two looks at `abandoned`
constexpr std::uint64_t page_bytes = 4096;

Failure no_memory(char const* doing, std::uint64_t bytes) {
  return retry_later("no_memory",
                     fmt::format("{} {} bytes of shared memory: {}", doing, bytes, std::strerror(errno)));
}

}  // namespace

SharedMemory::~SharedMemory() {
  if (data_ != nullptr) ::munmap(data_, size_);
}
SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Result<UniqueFd> SharedMemory::create(char const* name, std::uint64_t bytes) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) return no_memory("cannot create", bytes);
  return fd;
}

Result<SharedMemory> SharedMemory::map(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return no_memory("cannot measure", 0);
  auto const bytes = static_cast<std::uint64_t>(info.st_size);
  auto* const data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (data == MAP_FAILED) return no_memory("cannot map", bytes);
  ::madvise(data, bytes, MADV_DONTDUMP);
  ::madvise(data, bytes, MADV_HUGEPAGE);  // where the site allows it for shared memory: sends get faster
  return SharedMemory(static_cast<std::byte*>(data), bytes);
}

void SharedMemory::touch(std::uint64_t from, std::uint64_t to, std::atomic<bool> const& abandoned) const {
  from = from / page_bytes * page_bytes;
  to = std::min(to, size_);
  while (from < to && !abandoned.load(std::memory_order_relaxed)) {
    auto const bytes = std::min(touch_bytes, to - from);
    if (::madvise(data_ + from, bytes, MADV_POPULATE_WRITE) != 0 && errno == EINVAL) {  // Linux < 5.14
      for (std::uint64_t at = 0; at < bytes; at += page_bytes) {
        [[maybe_unused]] auto const byte = *static_cast<std::byte const volatile*>(data_ + from + at);
      }
    }
    from += bytes;
  }
}

}  // namespace godwit
