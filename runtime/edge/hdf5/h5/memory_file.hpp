// H5FD: a driver that keeps a file in memory, sparse: pages that were never written don't exist and read
// as zeros. So a file of gigabytes costs what has been written of it.
//
// HDF5's own "core" driver fills the whole file up to its end; and its on-disk drivers can't open an
// anonymous file, since HDF5 insists on resolving the path.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>

#include "base/bytes.hpp"
#include "edge/hdf5/h5/id.hpp"

namespace godwit::h5 {

class MemoryFile {
 public:
  // Storage of at least `align_from` bytes starts at a multiple of `align_to`.
  MemoryFile(std::uint64_t align_from, std::uint64_t align_to)
      : align_from_(align_from), align_to_(align_to) {}

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  void read(std::uint64_t at, std::span<std::byte> into) const;
  void write(std::uint64_t at, ByteView from);
  // Where storage of this size may begin, given that [0, end) is taken.
  [[nodiscard]] std::uint64_t place(std::uint64_t end, std::uint64_t size) const;
  void resize(std::uint64_t bytes) { bytes_ = bytes; }

 private:
  static constexpr std::uint64_t page_bytes = 4096;
  using Page = std::array<std::byte, page_bytes>;

  std::uint64_t align_from_;
  std::uint64_t align_to_;
  std::uint64_t bytes_{0};
  std::map<std::uint64_t, std::unique_ptr<Page>> pages_;
};

// Directs files that are created with this access list into `memory`, which must outlive them. The
// driver stays registered as long as the returned id lives.
[[nodiscard]] Id keep_in_memory(Id const& access, MemoryFile& memory);

}  // namespace godwit::h5
