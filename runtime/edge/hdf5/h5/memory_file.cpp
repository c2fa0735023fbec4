#include "edge/hdf5/h5/memory_file.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "edge/hdf5/h5/error.hpp"

namespace godwit::h5 {

void MemoryFile::read(std::uint64_t at, std::span<std::byte> into) const {
  while (!into.empty()) {
    auto const within = at % page_bytes;
    auto const part = into.first(std::min<std::size_t>(into.size(), page_bytes - within));
    auto const page = pages_.find(at / page_bytes);
    if (page == pages_.end())
      std::ranges::fill(part, std::byte{0});
    else
      std::copy_n(page->second->begin() + static_cast<std::ptrdiff_t>(within), part.size(), part.begin());
    at += part.size();
    into = into.subspan(part.size());
  }
}

void MemoryFile::write(std::uint64_t at, ByteView from) {
  bytes_ = std::max(bytes_, at + from.size());
  if (data_begin_ && at >= *data_begin_) {
    last_data_ = at;
    return;
  }
  while (!from.empty()) {
    auto const within = at % page_bytes;
    auto const part = from.first(std::min<std::size_t>(from.size(), page_bytes - within));
    auto& page = pages_[at / page_bytes];
    if (!page) page = std::make_unique<Page>();
    std::ranges::copy(part, page->begin() + static_cast<std::ptrdiff_t>(within));
    at += part.size();
    from = from.subspan(part.size());
  }
}

std::uint64_t MemoryFile::place(std::uint64_t size) const {
  return size < align_from_ ? end_ : (end_ + align_to_ - 1) / align_to_ * align_to_;
}

void MemoryFile::begin_data(std::uint64_t head_bytes) {
  data_begin_ = (end_ + head_bytes + align_to_ - 1) / align_to_ * align_to_;
  data_end_ = *data_begin_;
}

std::optional<std::uint64_t> MemoryFile::allocate(bool raw, std::uint64_t size) {
  if (data_begin_ && raw) return std::exchange(data_end_, data_end_ + size);
  auto const start = data_begin_ ? end_ : place(size);
  if (data_begin_ && size > *data_begin_ - start) return std::nullopt;
  end_ = start + size;
  return start;
}

namespace {

struct OpenFile : H5FD_t {  // as HDF5 handles it: H5FD_t comes first
  MemoryFile* memory;
};

OpenFile* of(H5FD_t* file) {
  return static_cast<OpenFile*>(file);
}
OpenFile const* of(H5FD_t const* file) {
  return static_cast<OpenFile const*>(file);
}

H5FD_t* open(char const*, unsigned, hid_t access, haddr_t) {
  auto const* const memory = static_cast<MemoryFile* const*>(H5Pget_driver_info(access));
  auto* const file = new (std::nothrow) OpenFile{};
  if (file != nullptr) file->memory = *memory;
  return file;
}

herr_t close(H5FD_t* file) {
  delete of(file);
  return 0;
}

herr_t query(H5FD_t const*, unsigned long* features) {
  *features = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
  return 0;
}

haddr_t allocate(H5FD_t* file, H5FD_mem_t type, hid_t, hsize_t size) {
  return of(file)->memory->allocate(type == H5FD_MEM_DRAW, size).value_or(HADDR_UNDEF);
}

haddr_t get_end(H5FD_t const* file, H5FD_mem_t) {
  return of(file)->memory->end();
}

herr_t set_end(H5FD_t* file, H5FD_mem_t, haddr_t end) {
  of(file)->memory->set_end(end);
  return 0;
}

haddr_t get_bytes(H5FD_t const* file, H5FD_mem_t) {
  return of(file)->memory->bytes();
}

herr_t read(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t at, size_t size, void* into) {
  of(file)->memory->read(at, {static_cast<std::byte*>(into), size});
  return 0;
}

herr_t write(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t at, size_t size, void const* from) {
  try {
    of(file)->memory->write(at, {static_cast<std::byte const*>(from), size});
    return 0;
  } catch (std::bad_alloc const&) {
    return -1;
  }
}

herr_t truncate(H5FD_t* file, hid_t, hbool_t) {
  of(file)->memory->resize(of(file)->memory->end());
  return 0;
}

constexpr H5FD_class_t driver{
    .name = "godwit-memory",
    .maxaddr = (haddr_t{1} << 63) - 1,
    .fc_degree = H5F_CLOSE_STRONG,
    .fapl_size = sizeof(MemoryFile*),
    .open = &open,
    .close = &close,
    .query = &query,
    .alloc = &allocate,
    .get_eoa = &get_end,
    .set_eoa = &set_end,
    .get_eof = &get_bytes,
    .read = &read,
    .write = &write,
    .truncate = &truncate,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

}  // namespace

Id keep_in_memory(Id const& access, MemoryFile& memory) {
  Id registered{check(H5FDregister(&driver), "registering a file driver"), &H5FDunregister};
  MemoryFile* const info = &memory;
  check(H5Pset_driver(access.get(), registered.get(), &info), "choosing a file driver");
  return registered;
}

}  // namespace godwit::h5
