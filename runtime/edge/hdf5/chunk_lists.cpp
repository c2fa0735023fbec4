#include "edge/hdf5/chunk_lists.hpp"

#include "edge/hdf5/h5/dataset.hpp"
#include "edge/hdf5/h5/file.hpp"
#include "edge/hdf5/h5/space.hpp"
#include "edge/hdf5/h5/type.hpp"

namespace godwit {
namespace {

constexpr std::uint64_t numbers_of_row = 5;

void add_rows(std::vector<std::uint64_t>& rows, std::uint64_t file, std::vector<StoredChunk> const& chunks) {
  for (auto const& one : chunks) rows.insert(rows.end(), {file, one.first, one.address, one.stored, one.whole});
}

}  // namespace

void ChunkLists::create(h5::Id const& integrity, std::vector<std::uint64_t> const& own) {
  auto const group = h5::create_group(integrity, "chunks");
  lists_.resize(manifest_.arrays.size());
  for (std::size_t i = 0; i < lists_.size(); ++i) {
    if (!layout::is_slab(manifest_.arrays[i])) continue;
    auto const rows = own[i] + of_others(i).size() / numbers_of_row;
    auto const bytes = rows * numbers_of_row * sizeof(std::uint64_t);
    auto const where = bytes <= layout::compact_bytes_max ? h5::Layout::compact : h5::Layout::contiguous_now;
    lists_[i] = h5::create_dataset(group, layout::link_name(manifest_.arrays[i].name), h5::type_of(Scalar::u64),
                                   h5::space_of({rows, numbers_of_row}), where);
  }
}

std::vector<std::uint64_t> ChunkLists::of_others(std::size_t array) const {
  std::vector<std::uint64_t> rows;
  if (increment_ == nullptr) return rows;
  auto const& files = increment_->base->files;
  for (std::size_t n = 1; n <= files.size(); ++n) add_rows(rows, n, files[files.size() - n].chunks[array]);
  return rows;
}

void ChunkLists::write() {
  for (std::size_t i = 0; i < lists_.size(); ++i) {
    std::vector<std::uint64_t> rows;
    add_rows(rows, 0, own_[i]);
    auto const others = of_others(i);
    rows.insert(rows.end(), others.begin(), others.end());
    if (!rows.empty()) h5::write_dataset(lists_[i], h5::type_of(Scalar::u64), rows.data());
  }
  lists_.clear();
}

}  // namespace godwit
