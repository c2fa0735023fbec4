// SharedMemory: a mapping of a memfd that another process maps too. Created sparse: only touched pages
// take memory. One owner; the mapping moves with it.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

class SharedMemory {
 public:
  SharedMemory() = default;
  ~SharedMemory();
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&& other) noexcept;
  SharedMemory(SharedMemory const&) = delete;
  SharedMemory& operator=(SharedMemory const&) = delete;

  // A memfd of that length. `name` shows in /proc/PID/maps.
  [[nodiscard]] static Result<UniqueFd> create(char const* name, std::uint64_t bytes);
  // The whole of it, shared and writable.
  [[nodiscard]] static Result<SharedMemory> map(int fd);

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }

  // Makes bytes [from, to) present in this mapping, so that using them costs no fault. Doesn't change
  // their value; may run beside writers. Stops early once `abandoned`.
  void touch(std::uint64_t from, std::uint64_t to, std::atomic<bool> const& abandoned) const;

 private:
  SharedMemory(std::byte* data, std::uint64_t size) : data_(data), size_(size) {}
  std::byte* data_ = nullptr;
  std::uint64_t size_ = 0;
};

}  // namespace godwit
