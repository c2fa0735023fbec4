// H5D: datasets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "edge/hdf5/h5/id.hpp"
#include "edge/hdf5/h5/property.hpp"
#include "edge/hdf5/h5/type.hpp"
#include "godwit/scalar.hpp"

namespace godwit::h5 {

[[nodiscard]] Id create_dataset(Id const& where, std::string const& name, Id const& type, Id const& space,
                                Layout layout);
[[nodiscard]] Id create_chunked_dataset(Id const& where, std::string const& name, Id const& type, Id const& space,
                                        std::vector<std::uint64_t> const& chunk);
// A whole chunk as it is to be stored: filtered, or not at all.
void write_chunk(Id const& dataset, std::vector<std::uint64_t> const& corner, ByteView stored, bool filtered);
[[nodiscard]] Id open_dataset(Id const& where, std::string const& path);
void write_dataset(Id const& dataset, Id const& type, void const* values);
// Writes one element (of at most 8 bytes) of zeros there, so that late storage gets allocated.
void write_zero(Id const& dataset, Id const& type, Id const& selected);
// A dataset of numbers of that kind and byte order, whole. One of more than `bytes_max` is an error.
[[nodiscard]] Bytes read_dataset(Id const& dataset, Scalar scalar, std::uint64_t bytes_max,
                                 Order order = Order::little);
// Rows of file_and_root_type().
[[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> read_files_and_roots(
    Id const& dataset, std::uint64_t bytes_max);
// A scalar dataset of text of fixed length, without the NULs at its end.
[[nodiscard]] std::string read_text(Id const& dataset, std::uint64_t bytes_max);
// Where contiguous storage begins, from the start of the file; none if compact, or never allocated.
[[nodiscard]] std::optional<std::uint64_t> storage_offset(Id const& dataset);

}  // namespace godwit::h5
