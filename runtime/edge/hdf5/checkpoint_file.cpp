#include "edge/hdf5/checkpoint_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "edge/hdf5/checkpoint_core.hpp"
#include "edge/hdf5/page_digests.hpp"
#include "edge/hdf5/seal.hpp"

namespace godwit {
namespace {

// Reads [0, head_bytes) and compares its digest.
Status check_head(OpenFile const& file, Seal const& seal) {
  DigestStream digest;
  Bytes buffer(std::min(seal.head_bytes, layout::block_bytes));
  for (std::uint64_t at = seal_bytes; at < seal.head_bytes;) {
    auto const chunk = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), seal.head_bytes - at));
    if (auto status = file.read(at, chunk); !status) return status;
    digest.add(chunk);
    at += chunk.size();
  }
  if (digest.digest() != seal.head) {
    return data_lost("damaged",
                     "damaged: the metadata don't match their digest; changed or torn after it was written");
  }
  return Done{};
}

}  // namespace

namespace {

// What it needs must be there, and be what it was made from: HDF5 shows nothing but fill values for what
// isn't there, and whatever lies there for what is another.
Failure without(Ancestor const& ancestor, Failure why) {
  why.context = fmt::format("part of it lies in {} beside it: {}", ancestor.file, why.context);
  return why;
}

Status check_ancestor(OpenFile const& file, Ancestor const& ancestor) {
  auto const bytes = file.bytes();
  if (!bytes) return without(ancestor, bytes.failure());
  Bytes first(std::min<std::uint64_t>(*bytes, seal_bytes));
  if (auto status = file.read(0, first); !status) return without(ancestor, status.failure());
  auto const seal = parse_seal(first, *bytes);
  if (!seal) return without(ancestor, seal.failure());
  if (seal->root == ancestor.root) return Done{};
  return data_lost(
      "damaged", fmt::format("damaged: {} beside it isn't the file that part of it lies in: root digest {}, "
                             "and {} is needed; put back the one that was there",
                             ancestor.file, to_hex(seal->root), to_hex(ancestor.root)));
}

}  // namespace

CheckpointFile::CheckpointFile(std::unique_ptr<Core> core) : core_(std::move(core)) {}
CheckpointFile::~CheckpointFile() = default;
CheckpointFile::CheckpointFile(CheckpointFile&&) noexcept = default;
CheckpointFile& CheckpointFile::operator=(CheckpointFile&&) noexcept = default;

Result<CheckpointFile> CheckpointFile::open(std::filesystem::path const& path) {
  auto core = std::make_unique<Core>(path);
  auto const bytes = core->file.bytes();
  if (!bytes) return bytes.failure();
  Bytes first(std::min<std::uint64_t>(*bytes, seal_bytes));
  if (auto status = core->file.read(0, first); !status) return status.failure();
  auto seal = parse_seal(first, *bytes);
  if (!seal) return seal.failure();
  core->seal = *seal;
  if (auto status = check_head(core->file, *seal); !status) return status.failure();
  auto contents = read_contents(path, *seal);
  if (!contents) return contents.failure();
  core->contents = *std::move(contents);
  core->expanded.resize(core->contents.ancestors.size() + 1);
  for (auto const& ancestor : core->contents.ancestors) {
    auto const& file = core->ancestors.emplace_back(path.parent_path() / ancestor.file);
    if (auto status = check_ancestor(file, ancestor); !status) return status.failure();
  }
  return CheckpointFile(std::move(core));
}

std::filesystem::path const& CheckpointFile::path() const {
  return core_->path;
}
CheckpointLabel const& CheckpointFile::label() const {
  return core_->contents.label;
}
Manifest const& CheckpointFile::manifest() const {
  return core_->contents.manifest;
}
Bytes const& CheckpointFile::encoded_manifest() const {
  return core_->contents.encoded;
}
std::vector<LogText> const& CheckpointFile::logs() const {
  return core_->contents.logs;
}
WallTime CheckpointFile::time() const {
  return core_->contents.time;
}
std::string const& CheckpointFile::software() const {
  return core_->contents.software;
}
std::uint32_t CheckpointFile::format() const {
  return core_->seal.format;
}
std::uint64_t CheckpointFile::file_bytes() const {
  return core_->seal.file_bytes;
}
std::uint64_t CheckpointFile::whole_bytes() const {
  if (ancestors().empty()) return file_bytes();
  auto bytes = core_->seal.head_bytes;
  for (auto const& array : manifest().arrays) bytes += layout::is_slab(array) ? array.bytes : 0;
  return bytes;
}
Digest CheckpointFile::root() const {
  return core_->seal.root;
}
std::vector<Ancestor> const& CheckpointFile::ancestors() const {
  return core_->contents.ancestors;
}
std::vector<std::uint64_t> const& CheckpointFile::blocks(std::size_t array) const {
  return core_->contents.arrays[array].blocks;
}

Status CheckpointFile::expand_chunk(std::size_t array, std::size_t row) const {
  auto const& [file, chunk] = core_->contents.arrays[array].chunks[row];
  auto& expanded = core_->expanded[file];
  if (expanded.array == array && expanded.row == row && !expanded.bytes.empty()) return Done{};
  Bytes stored(chunk.stored);
  if (auto status = core_->of(file).read(chunk.address, stored); !status) {
    return file == 0 ? status : without(ancestors()[file - 1], status.failure());
  }
  expanded.array = array;
  expanded.row = row;
  expanded.bytes.resize(chunk.whole);
  auto const& place = manifest().arrays[array];
  if (expand(stored, width_bytes(place.scalar), expanded.bytes)) return Done{};
  expanded.bytes.clear();
  auto const failure = data_lost("damaged", fmt::format("damaged: {}: the chunk at byte {} can't be decompressed", place.name, chunk.address));
  return file == 0 ? failure : without(ancestors()[file - 1], failure);
}

// Bytes [from, from + into.size()) of what a file's chunks of an array hold.
Status CheckpointFile::read_chunks(std::size_t array, std::uint64_t file, std::uint64_t from,
                                   std::span<std::byte> into) const {
  auto const& rows = core_->contents.arrays[array].chunks;
  auto const place_of = [](ChunkRow const& row) { return std::pair(row.file, row.chunk.first); };
  auto row = static_cast<std::size_t>(std::ranges::upper_bound(rows, std::pair(file, from), {}, place_of) - rows.begin());
  for (; !into.empty(); ++row) {
    bool const there = row > 0 && rows[row - 1].file == file;
    auto const skipped = there ? from - rows[row - 1].chunk.first : 0;
    auto const end = there && row < rows.size() && rows[row].file == file ? rows[row].chunk.first - rows[row - 1].chunk.first
                     : there                                             ? rows[row - 1].chunk.whole
                                                                         : 0;
    if (skipped >= end || end > rows[row - 1].chunk.whole) {
      return data_lost("damaged", fmt::format("damaged: {}: no chunk holds byte {}", manifest().arrays[array].name, from));
    }
    if (auto status = expand_chunk(array, row - 1); !status) return status;
    auto const part = into.first(std::min<std::uint64_t>(into.size(), end - skipped));
    std::copy_n(core_->expanded[file].bytes.begin() + static_cast<std::ptrdiff_t>(skipped), part.size(), part.begin());
    from += part.size();
    into = into.subspan(part.size());
  }
  return Done{};
}

// Bytes [from, from + into.size()) of an array.
Status CheckpointFile::read_places(std::size_t array, std::uint64_t from,
                                   std::span<std::byte> into) const {
  auto const& [blocks, places, chunks, small] = core_->contents.arrays[array];
  auto const page = from / tracked_page_bytes;
  auto place = std::ranges::upper_bound(places, page, {}, &Place::first);
  for (--place; !into.empty(); ++place) {
    auto const skipped = from - place->first * tracked_page_bytes;
    auto const part =
        into.first(std::min<std::uint64_t>(into.size(), place->count * tracked_page_bytes - skipped));
    if (std::ranges::binary_search(chunks, place->file, {}, &ChunkRow::file)) {
      if (auto status = read_chunks(array, place->file, place->offset + skipped, part); !status) return status;
    } else if (auto status = core_->of(place->file).read(place->offset + skipped, part); !status) {
      return place->file == 0 ? status : without(ancestors()[place->file - 1], status.failure());
    }
    from += part.size();
    into = into.subspan(part.size());
  }
  return Done{};
}

Status CheckpointFile::read_block(std::size_t array, std::size_t block, std::span<std::byte> into) const {
  auto const& stored = core_->contents.arrays[array];
  auto const from = block * layout::block_bytes;
  if (!stored.places.empty()) {
    if (auto status = read_places(array, from, into); !status) return status;
  } else {
    std::copy_n(stored.small.begin() + static_cast<std::ptrdiff_t>(from), into.size(), into.begin());
  }
  auto const digest = format() < layout::format_of_page_digests ? digest_of(into).value : block_digest(into);
  if (digest == stored.blocks[block]) return Done{};
  return data_lost("damaged", fmt::format("damaged: {} bytes [{}, {}) don't match their digest",
                                          manifest().arrays[array].name, from, from + into.size()));
}

Result<ByteView> CheckpointFile::BlockReader::next() {
  auto const bytes = file_.manifest().arrays[array_].bytes;
  auto const from = block_ * layout::block_bytes;
  if (from >= bytes) return ByteView{};
  buffer_.resize(std::min(bytes - from, layout::block_bytes));
  if (auto status = file_.read_block(array_, block_, buffer_); !status) return status.failure();
  ++block_;
  auto const& manifest = file_.manifest();
  if (manifest.little_endian != own_order_is_little) {
    auto const width = width_bytes(manifest.arrays[array_].scalar);
    for (auto at = buffer_.begin(); at != buffer_.end(); at += width) std::reverse(at, at + width);
  }
  return ByteView(buffer_);
}

Status CheckpointFile::verify() const {
  for (std::size_t array = 0; array < manifest().arrays.size(); ++array) {
    if (auto status = for_each_block(array, [](ByteView) {}); !status) return status;
  }
  return Done{};
}

Status CheckpointFile::load(std::span<std::byte> arena) const {
  if (arena.size() < manifest().arena_bytes) {
    return reject("arena_too_small", fmt::format("an arena of {} bytes for an image of {}", arena.size(),
                                                 manifest().arena_bytes));
  }
  for (std::size_t array = 0; array < manifest().arrays.size(); ++array) {
    auto const& place = manifest().arrays[array];
    auto const target = arena.subspan(place.offset, place.bytes);
    for (std::size_t block = 0; block < blocks(array).size(); ++block) {
      auto const from = block * layout::block_bytes;
      auto const into = target.subspan(from, std::min(target.size() - from, layout::block_bytes));
      if (auto status = read_block(array, block, into); !status) return status;
    }
  }
  return Done{};
}

}  // namespace godwit
