#include "edge/capsules/link/pack.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <tuple>

#include "base/digest.hpp"

namespace godwit {

namespace {

constexpr std::uint64_t pack_magic = 0x314b434150574447;  // "GDWPACK1"

struct Header {
  std::uint64_t magic{pack_magic};
  std::uint64_t job{0}, epoch{0}, offset{0};
  std::uint32_t stream{0}, bytes{0};
  std::uint64_t digest{0};
};
static_assert(sizeof(Header) == 48);
constexpr std::size_t digested = offsetof(Header, digest);

std::uint64_t digest_over(Header const& header, ByteView bytes) {
  DigestStream stream;
  stream.add(std::as_bytes(std::span(&header, 1)).first(digested));
  stream.add(bytes);
  return stream.digest().value;
}

class Mapping {
 public:
  explicit Mapping(std::filesystem::path const& path) {
    UniqueFd const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0 || info.st_size <= 0) return;
    auto* const data =
        ::mmap(nullptr, static_cast<std::size_t>(info.st_size), PROT_READ, MAP_SHARED, file.get(), 0);
    if (data != MAP_FAILED) bytes_ = {static_cast<std::byte const*>(data), static_cast<std::size_t>(info.st_size)};
  }
  ~Mapping() {
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
  Mapping(Mapping const&) = delete;
  Mapping& operator=(Mapping const&) = delete;
  [[nodiscard]] ByteView bytes() const { return bytes_; }

 private:
  ByteView bytes_;
};

// The record at the beginning of these bytes, if there may be one; its digest isn't looked at.
std::optional<Header> header_at(ByteView bytes) {
  Header header;
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != pack_magic || header.bytes > bytes.size() - sizeof header) return std::nullopt;
  return header;
}

// Or may, as far as it is here: it is being written.
bool begins_record(ByteView bytes) {
  auto const magic = std::as_bytes(std::span(&pack_magic, 1));
  return std::ranges::equal(bytes.first(std::min(bytes.size(), magic.size())),
                            magic.first(std::min(bytes.size(), magic.size())));
}

struct Piece {
  std::uint64_t epoch, offset;
  std::string text;
};

void collect(ByteView rest, JobId job, PrintedStream stream, std::vector<Piece>& pieces) {
  while (rest.size() >= sizeof(Header)) {
    auto const header = header_at(rest);
    bool const ours =
        header && header->job == job.value && header->stream == static_cast<std::uint32_t>(stream);
    auto const text = header ? rest.subspan(sizeof(Header), header->bytes) : ByteView();
    auto const behind = header ? rest.subspan(sizeof(Header) + header->bytes) : ByteView();
    bool const fits = header && (behind.empty() || begins_record(behind));
    if (!fits || (ours && digest_over(*header, text) != header->digest)) {  // torn: on to the next
      rest = rest.subspan(1);
      auto const magic = std::as_bytes(std::span(&pack_magic, 1));
      auto const next = std::search(rest.begin(), rest.end(), magic.begin(), magic.end());
      rest = rest.subspan(static_cast<std::size_t>(next - rest.begin()));
      continue;
    }
    if (ours) {
      pieces.push_back({header->epoch, header->offset,
                        std::string(reinterpret_cast<char const*>(text.data()), text.size())});
    }
    rest = behind;
  }
}

}  // namespace

Status PackWriter::append(PackRecord const& record, ByteView bytes) {
  if (auto status = open(); !status) return status;
  Header header;
  header.job = record.job.value;
  header.epoch = record.epoch.value;
  header.offset = record.offset;
  header.stream = static_cast<std::uint32_t>(record.stream);
  header.bytes = static_cast<std::uint32_t>(bytes.size());
  header.digest = digest_over(header, bytes);
  buffer_.resize(sizeof header + bytes.size());
  std::memcpy(buffer_.data(), &header, sizeof header);
  if (!bytes.empty()) std::memcpy(buffer_.data() + sizeof header, bytes.data(), bytes.size());
  for (;;) {
    auto const put = ::write(file_.get(), buffer_.data(), buffer_.size());
    if (put == static_cast<ssize_t>(buffer_.size())) return Done{};
    if (put >= 0) errno = ENOSPC;
    if (errno != EINTR || put >= 0) return failed("write");
  }
}

Status PackWriter::sync() {
  if (!file_ || ::fdatasync(file_.get()) == 0) return Done{};
  return failed("make durable");
}

Status PackWriter::open() {
  if (file_) return Done{};
  constexpr int how = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC;
  file_ = UniqueFd(::open(path_.c_str(), how, 0666));
  if (!file_ && errno == ENOENT) {
    std::error_code ignored;  // shows as a failure to open
    std::filesystem::create_directories(path_.parent_path(), ignored);
    file_ = UniqueFd(::open(path_.c_str(), how, 0666));
  }
  if (!file_) return failed("open");
  return Done{};
}

Failure PackWriter::failed(char const* doing) const {
  return reject("store_not_writable", fmt::format("cannot {} {}, which takes what array elements print: {}", doing,
                                                  path_.native(), std::strerror(errno)));
}

std::string packed_text(std::filesystem::path const& store, JobId job, PrintedStream stream) {
  std::vector<Piece> pieces;
  std::error_code ignored;
  for (auto const& entry : std::filesystem::directory_iterator(store / pack_directory, ignored)) {
    if (entry.path().extension() == ".pack") collect(Mapping(entry.path()).bytes(), job, stream, pieces);
  }
  std::ranges::stable_sort(pieces, {}, [](Piece const& piece) { return std::tuple(piece.epoch, piece.offset); });
  std::string text;
  for (auto const& piece : pieces) {
    text.resize(piece.offset);
    text += piece.text;
  }
  return text;
}

}  // namespace godwit
