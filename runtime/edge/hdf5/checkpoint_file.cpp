#include "edge/hdf5/checkpoint_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "edge/hdf5/contents.hpp"
#include "edge/hdf5/h5/dataset.hpp"
#include "edge/hdf5/h5/error.hpp"
#include "edge/hdf5/h5/file.hpp"
#include "edge/hdf5/h5/property.hpp"
#include "edge/hdf5/seal.hpp"

namespace godwit {
namespace {

class File {  // an open descriptor
 public:
  explicit File(std::filesystem::path const& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(File const&) = delete;
  File& operator=(File const&) = delete;

  // Its size, if it is an ordinary file.
  [[nodiscard]] Result<std::uint64_t> bytes() const {
    struct stat status {};
    if (fd_ < 0 || ::fstat(fd_, &status) != 0) return unreadable();
    if (!S_ISREG(status.st_mode)) return reject("unreadable", "not an ordinary file");
    return static_cast<std::uint64_t>(status.st_size);
  }
  [[nodiscard]] Status read(std::uint64_t offset, std::span<std::byte> into) const {
    while (!into.empty()) {
      auto const n = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return unreadable();
      if (n == 0) return data_lost("truncated", fmt::format("truncated: nothing at byte {}", offset));
      into = into.subspan(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
    }
    return Done{};
  }

 private:
  [[nodiscard]] static Failure unreadable() { return retry_later("unreadable", std::strerror(errno)); }

  int fd_;
};

// Reads [0, head_bytes) and compares its digest.
Status check_head(File const& file, Seal const& seal) {
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

struct CheckpointFile::Core {
  Core(std::filesystem::path const& path_) : path(path_), file(path_) {}

  std::filesystem::path path;
  File file;
  Seal seal;
  Contents contents;
};

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
  if (auto status = check_head(core->file, *seal); !status) {
    if (auto newer = newer_format(path); newer) return *newer;
    return status.failure();
  }
  auto contents = read_contents(path, *seal);
  if (!contents) return contents.failure();
  core->contents = *std::move(contents);
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
Digest CheckpointFile::root() const {
  return core_->seal.root;
}
std::vector<Ancestor> const& CheckpointFile::ancestors() const {
  return core_->contents.ancestors;
}
std::vector<std::uint64_t> const& CheckpointFile::blocks(std::size_t array) const {
  return core_->contents.arrays[array].blocks;
}

Status CheckpointFile::read_block(std::size_t array, std::size_t block, std::span<std::byte> into) const {
  auto const& stored = core_->contents.arrays[array];
  auto const from = block * layout::block_bytes;
  if (stored.slab) {
    if (auto status = core_->file.read(*stored.slab + from, into); !status) return status;
  } else {
    std::copy_n(stored.small.begin() + static_cast<std::ptrdiff_t>(from), into.size(), into.begin());
  }
  if (digest_of(into).value == stored.blocks[block]) return Done{};
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

Status CheckpointFile::export_field(std::string const& field, std::filesystem::path const& to) const {
  std::error_code error;
  if (std::filesystem::exists(to, error))
    return reject("exists", fmt::format("{} exists already", to.string()));
  try {
    h5::Quiet const quiet;
    auto const source = h5::open_file(path().string());
    auto target = h5::create_file(to.string(), h5::file_creation(0), h5::file_access());
    auto const link = layout::link_name(field);
    h5::copy_object(source, "state/" + link, target, link);
    h5::close_file(std::move(target));
    return Done{};
  } catch (h5::Error const& failed) {
    std::filesystem::remove(to, error);
    return retry_later("hdf5", failed.what());
  }
}

}  // namespace godwit
