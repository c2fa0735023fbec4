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
#include <optional>
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
  void resize(std::uint64_t bytes) { bytes_ = bytes; }

  // From now on raw data come behind what is there and `head_bytes` more, and everything else before them. Their bytes are
  // dropped: who writes them asks where HDF5 has put the last ones.
  void begin_data(std::uint64_t head_bytes);
  [[nodiscard]] std::optional<std::uint64_t> data_begin() const { return data_begin_; }
  [[nodiscard]] std::uint64_t last_data() const { return last_data_; }

  // The driver's: space for `size` bytes; none: what is to stand before the data doesn't fit there.
  [[nodiscard]] std::optional<std::uint64_t> allocate(bool raw, std::uint64_t size);
  [[nodiscard]] std::uint64_t end() const { return data_begin_ ? data_end_ : end_; }  // of what is allocated
  void set_end(std::uint64_t end) { (data_begin_ ? data_end_ : end_) = end; }

 private:
  [[nodiscard]] std::uint64_t place(std::uint64_t size) const;  // where storage of this size may begin

  static constexpr std::uint64_t page_bytes = 4096;
  using Page = std::array<std::byte, page_bytes>;

  std::uint64_t align_from_;
  std::uint64_t align_to_;
  std::uint64_t bytes_{0};
  std::uint64_t end_{0};  // of what is allocated; once there are data: before them
  std::optional<std::uint64_t> data_begin_;
  std::uint64_t data_end_{0}, last_data_{0};
  std::map<std::uint64_t, std::unique_ptr<Page>> pages_;
};

// Directs files that are created with this access list into `memory`, which must outlive them. The
// driver stays registered as long as the returned id lives.
[[nodiscard]] Id keep_in_memory(Id const& access, MemoryFile& memory);

}  // namespace godwit::h5
