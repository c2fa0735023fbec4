#include "edge/hdf5/h5/dataset.hpp"

#include <cstring>

#include "edge/hdf5/h5/error.hpp"
#include "edge/hdf5/h5/space.hpp"

namespace godwit::h5 {

Id create_dataset(Id const& where, std::string const& name, Id const& type, Id const& space, Layout layout) {
  auto const creation = dataset_creation(layout);
  return {check(H5Dcreate2(where.get(), name.c_str(), type.get(), space.get(), H5P_DEFAULT, creation.get(),
                           H5P_DEFAULT),
                "creating dataset " + name),
          &H5Dclose};
}

Id create_chunked_dataset(Id const& where, std::string const& name, Id const& type, Id const& space,
                          std::vector<std::uint64_t> const& chunk) {
  auto const creation = chunked_creation(chunk);
  return {check(H5Dcreate2(where.get(), name.c_str(), type.get(), space.get(), H5P_DEFAULT, creation.get(),
                           H5P_DEFAULT),
                "creating dataset " + name),
          &H5Dclose};
}

void write_chunk(Id const& dataset, std::vector<std::uint64_t> const& corner, ByteView stored, bool filtered) {
  constexpr std::uint32_t no_filter = 3;  // a bit each: neither shuffled nor deflated
  std::vector<hsize_t> const at(corner.begin(), corner.end());
  check(H5Dwrite_chunk(dataset.get(), H5P_DEFAULT, filtered ? 0 : no_filter, at.data(), stored.size(), stored.data()),
        "writing a chunk");
}

Id open_dataset(Id const& where, std::string const& path) {
  return {check(H5Dopen2(where.get(), path.c_str(), H5P_DEFAULT), "opening dataset " + path), &H5Dclose};
}

void write_dataset(Id const& dataset, Id const& type, void const* values) {
  check(H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values), "writing a dataset");
}

void write_zero(Id const& dataset, Id const& type, Id const& selected) {
  std::uint64_t const zero = 0;
  auto const one = scalar_space();
  check(H5Dwrite(dataset.get(), type.get(), one.get(), selected.get(), H5P_DEFAULT, &zero),
        "allocating a dataset");
}

Bytes read_dataset(Id const& dataset, Scalar scalar, std::uint64_t bytes_max, Order order) {
  Id const space{check(H5Dget_space(dataset.get()), "reading a dataset's shape"), &H5Sclose};
  auto const count = elements_of(space);
  if (count > bytes_max / width_bytes(scalar)) throw Error("a dataset larger than the file that holds it");
  Bytes bytes(count * width_bytes(scalar));
  if (bytes.empty()) return bytes;
  auto const type = type_of(scalar, order);
  check(H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), "reading a dataset");
  return bytes;
}

std::vector<std::pair<std::string, std::uint64_t>> read_files_and_roots(Id const& dataset,
                                                                        std::uint64_t bytes_max) {
  Id const space{check(H5Dget_space(dataset.get()), "reading a dataset's shape"), &H5Sclose};
  Id const stored{check(H5Dget_type(dataset.get()), "reading a dataset's type"), &H5Tclose};
  auto const row_bytes = H5Tget_size(stored.get());
  auto const count = elements_of(space);
  if (row_bytes <= 8 || row_bytes > bytes_max || count > bytes_max / row_bytes)
    throw Error("a dataset larger than the file that holds it");
  auto const type = file_and_root_type(row_bytes - 8);
  if (check(H5Tequal(type.get(), stored.get()), "comparing datatypes") == 0)
    throw Error("rows of another kind");
  Bytes bytes(count * row_bytes);
  check(H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), "reading a dataset");
  std::vector<std::pair<std::string, std::uint64_t>> rows;
  for (std::size_t at = 0; at < bytes.size(); at += row_bytes) {
    std::string name(reinterpret_cast<char const*>(bytes.data() + at), row_bytes - 8);
    name.resize(name.find_last_not_of('\0') + 1);
    std::uint64_t root = 0;
    std::memcpy(&root, bytes.data() + at + row_bytes - 8, sizeof root);
    rows.emplace_back(std::move(name), root);
  }
  return rows;
}

std::string read_text(Id const& dataset, std::uint64_t bytes_max) {
  Id const type{check(H5Dget_type(dataset.get()), "reading a dataset's type"), &H5Tclose};
  Id const space{check(H5Dget_space(dataset.get()), "reading a dataset's shape"), &H5Sclose};
  auto const size = H5Tget_size(type.get());
  if (H5Tget_class(type.get()) != H5T_STRING || elements_of(space) != 1) throw Error("not one text");
  if (H5Tis_variable_str(type.get()) != 0 || size == 0 || size > bytes_max)
    throw Error("a text of unknown length");
  std::string text(size, '\0');
  check(H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()), "reading a text");
  text.resize(text.find_last_not_of('\0') + 1);
  return text;
}

std::optional<std::uint64_t> storage_offset(Id const& dataset) {
  auto const offset = H5Dget_offset(dataset.get());
  if (offset == HADDR_UNDEF) {
    H5Eclear2(H5E_DEFAULT);
    return std::nullopt;
  }
  return offset;
}

}  // namespace godwit::h5
