#include "edge/hdf5/contents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "edge/hdf5/h5/attribute.hpp"
#include "edge/hdf5/h5/dataset.hpp"
#include "edge/hdf5/h5/error.hpp"
#include "edge/hdf5/h5/file.hpp"
#include "edge/hdf5/specification.hpp"

namespace godwit {
namespace {

Failure damaged(std::string_view what) {
  return data_lost("damaged", fmt::format("damaged: {}", what));
}

// The files that it needs; none where it says nothing of them.
Result<std::vector<Ancestor>> read_ancestors(h5::Id const& file, Seal const& seal) {
  std::vector<Ancestor> ancestors;
  auto const path = "integrity/requires";
  if (seal.format < layout::format_of_page_digests || !h5::has_link(file, path)) return ancestors;
  for (auto& [name, root] : h5::read_files_and_roots(h5::open_dataset(file, path), seal.head_bytes)) {
    if (name.empty() || name.find('/') != std::string::npos)
      return damaged("a file that it needs has no name");
    ancestors.push_back({std::move(name), {root}});
  }
  return ancestors;
}

constexpr std::uint64_t chunk_row_bytes = 5 * 8;
constexpr std::uint64_t whole_bytes_max = 16 << 20;  // of a chunk: many times what is written
constexpr auto place_max = std::uint64_t{1} << 60;   // far from where sums overflow

bool is_possible(ChunkRow const& row, ArrayPlace const& array, std::size_t ancestors, Seal const& seal) {
  auto const& chunk = row.chunk;
  bool const inside = row.file > 0 ? row.file <= ancestors && chunk.address <= place_max
                                   : chunk.address >= seal.head_bytes && chunk.address <= seal.file_bytes &&
                                         chunk.stored <= seal.file_bytes - chunk.address;
  return inside && chunk.first <= place_max && chunk.whole > 0 && chunk.whole <= whole_bytes_max &&
         chunk.whole % width_bytes(array.scalar) == 0 && chunk.stored <= chunk.whole;
}

// None in files of before there were any.
Result<std::vector<ChunkRow>> read_chunks(h5::Id const& file, std::string const& name, ArrayPlace const& array,
                                          std::size_t ancestors, Seal const& seal) {
  std::vector<ChunkRow> chunks;
  if (seal.format < layout::format_of_compression || !h5::has_link(file, "integrity/chunks")) return chunks;
  auto const bytes =
      h5::read_dataset(h5::open_dataset(file, "integrity/chunks/" + name), Scalar::u64, seal.head_bytes);
  chunks.resize(bytes.size() / chunk_row_bytes);
  static_assert(sizeof(ChunkRow) == chunk_row_bytes);
  if (!chunks.empty()) std::memcpy(chunks.data(), bytes.data(), chunks.size() * chunk_row_bytes);
  auto const place = [](ChunkRow const& row) { return std::pair(row.file, row.chunk.first); };
  bool const in_order = std::ranges::adjacent_find(chunks, std::ranges::greater_equal{}, place) == chunks.end();
  auto const possible = [&](ChunkRow const& row) { return is_possible(row, array, ancestors, seal); };
  if (bytes.size() % chunk_row_bytes != 0 || !in_order || !std::ranges::all_of(chunks, possible))
    return damaged("the chunks of " + array.name + " lie nowhere");
  return chunks;
}

bool has_chunks(std::vector<ChunkRow> const& chunks, std::uint64_t file) {
  return std::ranges::binary_search(chunks, file, {}, &ChunkRow::file);
}

Result<Places> read_places(h5::Id const& file, std::string const& name, ArrayPlace const& array,
                           std::vector<ChunkRow> const& chunks, std::size_t ancestors, Seal const& seal) {
  auto const rows =
      h5::read_dataset(h5::open_dataset(file, "integrity/places/" + name), Scalar::u64, seal.head_bytes);
  Places places(rows.size() / sizeof(Place));
  if (!places.empty()) std::memcpy(places.data(), rows.data(), places.size() * sizeof(Place));
  auto const is_possible = [&](Place const& place) {
    auto const bytes = place.count * tracked_page_bytes;
    if (has_chunks(chunks, place.file)) return place.offset <= place_max;
    if (place.file > 0)
      return place.file <= ancestors && place.offset <= std::numeric_limits<std::int64_t>::max() - bytes;
    return place.offset >= seal.head_bytes && place.offset <= seal.file_bytes &&
           bytes <= seal.file_bytes - place.offset;
  };
  if (rows.size() % sizeof(Place) != 0 || !cover(places, pages_of(array.bytes)) ||
      !std::ranges::all_of(places, is_possible)) {
    return damaged("the pages of " + array.name + " lie nowhere");
  }
  return places;
}

Result<StoredArray> read_array(h5::Id const& file, ArrayPlace const& place, h5::Order order,
                               std::size_t ancestors, Seal const& seal) {
  StoredArray stored;
  auto const name = layout::link_name(place.name);
  auto const digests =
      h5::read_dataset(h5::open_dataset(file, "integrity/blocks/" + name), Scalar::u64, seal.head_bytes);
  stored.blocks.resize(digests.size() / 8);
  if (!digests.empty()) std::memcpy(stored.blocks.data(), digests.data(), digests.size());
  if (stored.blocks.size() != layout::blocks_of(place.bytes))
    return damaged("digests of " + place.name + " missing");

  if (layout::is_slab(place)) {
    auto chunks = read_chunks(file, name, place, ancestors, seal);
    if (!chunks) return chunks.failure();
    stored.chunks = *std::move(chunks);
  }
  if (layout::is_slab(place) && ancestors > 0) {
    auto places = read_places(file, name, place, stored.chunks, ancestors, seal);
    if (!places) return places.failure();
    stored.places = *std::move(places);
    return stored;
  }
  if (!stored.chunks.empty()) {
    stored.places = {{0, pages_of(place.bytes), 0, 0}};
    return stored;
  }
  auto const dataset = h5::open_dataset(file, "state/" + name);
  if (layout::is_slab(place)) {
    auto const slab = h5::storage_offset(dataset);
    if (!slab || *slab < seal.head_bytes || *slab > seal.file_bytes ||
        place.bytes > seal.file_bytes - *slab) {
      return damaged("the data of " + place.name + " lie outside of the file");
    }
    stored.places = {{0, pages_of(place.bytes), 0, *slab}};
  } else if (place.bytes > 0) {
    stored.small = h5::read_dataset(dataset, place.scalar, layout::compact_bytes_max, order);
    if (stored.small.size() != place.bytes) return damaged(place.name + " doesn't have its shape");
  }
  return stored;
}

void read_logs(h5::Id const& file, Contents& contents) {
  for (auto const* stream : {"stdout", "stderr"}) {
    auto const path = std::string("log/") + stream;
    if (!h5::has_link(file, "log") || !h5::has_link(file, path)) continue;
    contents.logs.push_back({stream, h5::read_text(h5::open_dataset(file, path), layout::block_bytes)});
  }
}

// What the attributes call the job: an element of an array has two.
std::pair<std::uint64_t, std::uint64_t> job_in_attributes(h5::Id const& file) {
  auto const element = h5::has_attribute(file, "element") ? h5::get<std::uint64_t>(file, "element") : 0;
  return {h5::get<std::uint64_t>(file, "job"), element};
}

Result<Contents> read(std::filesystem::path const& path, Seal const& seal) {
  h5::Quiet const quiet;
  auto const file = h5::open_file(path.string());
  if (auto const format = h5::get<std::uint32_t>(file, "format_version"); format != seal.format) {
    return damaged("seal and attributes differ about the format");
  }
  Contents contents;
  auto label = decode<layout::LabelRecord>(
      h5::read_dataset(h5::open_dataset(file, "label"), Scalar::u8, seal.head_bytes));
  if (!label) return damaged("label: " + label.failure().context);
  contents.label = layout::label_of(*label);
  if (h5::has_link(file, "job")) {
    take_specification(h5::read_text(h5::open_dataset(file, "job"), seal.head_bytes), contents.label);
  }
  if (job_in_attributes(file) !=
      std::pair<std::uint64_t, std::uint64_t>(label->job.number(), label->job.element()))
    return damaged("label and attributes differ about the job");
  contents.time = label->time;
  contents.software = std::move(label->software);
  contents.encoded = h5::read_dataset(h5::open_dataset(file, "manifest"), Scalar::u8, seal.head_bytes);
  auto manifest = decode<Manifest>(contents.encoded);
  if (!manifest) return damaged("manifest: " + manifest.failure().context);
  contents.manifest = *std::move(manifest);
  if (auto status = layout::check(contents.manifest); !status) return status.failure();
  auto const order = contents.manifest.little_endian ? h5::Order::little : h5::Order::big;
  auto ancestors = read_ancestors(file, seal);
  if (!ancestors) return ancestors.failure();
  contents.ancestors = *std::move(ancestors);
  std::vector<layout::Blocks> blocks;
  for (auto const& place : contents.manifest.arrays) {
    auto stored = read_array(file, place, order, contents.ancestors.size(), seal);
    if (!stored) return stored.failure();
    blocks.push_back(stored->blocks);
    contents.arrays.push_back(*std::move(stored));
  }
  auto const roots = layout::roots_of(contents.ancestors);
  if (layout::root_digest(contents.label, digest_of(contents.encoded), blocks, roots) != seal.root) {
    return damaged("the root digest doesn't match");
  }
  read_logs(file, contents);
  return contents;
}

}  // namespace

Result<Contents> read_contents(std::filesystem::path const& path, Seal const& seal) {
  try {
    return read(path, seal);
  } catch (h5::Error const& error) {
    return damaged(error.what());
  } catch (std::bad_alloc const&) {
    return retry_later("no_memory", "not enough memory to read it");
  }
}

}  // namespace godwit
