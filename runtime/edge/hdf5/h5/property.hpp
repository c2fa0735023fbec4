// H5P: property lists.
#pragma once

#include <cstdint>
#include <vector>

#include "edge/hdf5/h5/id.hpp"

namespace godwit::h5 {

// Superblock and objects as HDF5 1.8 introduced them: all metadata carry checksums. Locking off. Virtual
// datasets came with 1.10; a file that has some gets storage for any data by itself, however little.
enum class Since { v1_8, v1_10 };
[[nodiscard]] Id file_access(Since since = Since::v1_8);
// No time stamps (equal input gives equal bytes), room for many attributes in the root's own header.
[[nodiscard]] Id file_creation(std::uint64_t user_block_bytes);
[[nodiscard]] Id group_creation();

enum class Layout {
  compact,
  contiguous_now,
  contiguous_late,
  of_texts,
  mapped
};  // HDF5 must zero texts of varying length
[[nodiscard]] Id dataset_creation(Layout layout);
// In chunks of that shape, shuffled and deflated.
[[nodiscard]] Id chunked_creation(std::vector<std::uint64_t> const& chunk);
// Storage for any data by itself, however little.
void keep_small_data_apart(Id const& access);

}  // namespace godwit::h5
