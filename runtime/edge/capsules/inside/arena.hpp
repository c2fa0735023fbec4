// Arena: the memory in which a job's arrays live, shared with the host, which sends images straight from
// it. Arrays are placed one after the other on page boundaries and never given back; an image carries
// [0, used), so places are offsets and don't depend on where the arena is mapped. One thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "edge/capsules/link/shared_memory.hpp"
#include "godwit/array.hpp"
#include "state/manifest.hpp"

namespace godwit::inside {

constexpr std::uint64_t page_bytes = 4096;  // the grain in which the arena hands out memory

class Arena {
 public:
  // `published` follows `used`, for the host. `memory_bytes_max`: 0 for no limit but the mapping's.
  Arena(SharedMemory memory, std::uint64_t memory_bytes_max, std::atomic<std::uint64_t>& published);

  // A zeroed place for an array of that shape; none if it doesn't fit.
  [[nodiscard]] bool allocate(ArrayBase& array, Scalar scalar, std::vector<std::uint64_t> shape);
  // The array's place; none if it isn't allocated. Its name is left empty.
  [[nodiscard]] std::optional<ArrayPlace> place_of(ArrayBase const& array, Scalar scalar) const;

  // For restoring: the image fills [0, bytes) already.
  [[nodiscard]] Status adopt(std::uint64_t bytes);
  [[nodiscard]] Status bind(ArrayBase& array, ArrayPlace const& place) const;

  // The image's bytes of an array that bind() would accept; empty otherwise.
  [[nodiscard]] std::span<std::byte> bytes_of(ArrayPlace const& place) const;

  void touch(std::uint64_t bytes) const;
  [[nodiscard]] SharedMemory const& memory() const { return memory_; }
  [[nodiscard]] SharedMemory take_memory() { return std::move(memory_); }  // no array may be used after this
  [[nodiscard]] std::uint64_t used() const { return used_; }

 private:
  void set_used(std::uint64_t bytes);

  SharedMemory memory_;
  std::uint64_t limit_;
  std::uint64_t used_ = 0;
  std::atomic<std::uint64_t>& published_;
};

}  // namespace godwit::inside
