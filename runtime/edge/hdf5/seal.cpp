#include "edge/hdf5/seal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace godwit {
namespace {

constexpr std::string_view magic{"GODWITCK"};
constexpr std::string_view hdf5_signature{"\x89HDF\r\n\x1a\n", 8};
constexpr std::size_t note_at = 64;
constexpr std::size_t digest_at = seal_bytes - 8;

template <class Number>
void store(SealBytes& bytes, std::size_t at, Number number) {
  std::memcpy(bytes.data() + at, &number, sizeof number);
}

template <class Number>
Number load(ByteView bytes, std::size_t at) {
  Number number{};
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

bool begins_with(ByteView bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

}  // namespace

SealBytes to_bytes(Seal const& seal, std::string_view note) {
  SealBytes bytes{};
  std::memcpy(bytes.data(), magic.data(), magic.size());
  store(bytes, 8, seal.format);
  store(bytes, 12, static_cast<std::uint32_t>(seal_bytes));
  store(bytes, 16, seal.file_bytes);
  store(bytes, 24, seal.head_bytes);
  store(bytes, 32, seal.head.value);
  store(bytes, 40, seal.root.value);
  std::memcpy(bytes.data() + note_at, note.data(), std::min(note.size(), digest_at - note_at));
  store(bytes, digest_at, digest_of(ByteView(bytes).first(digest_at)).value);
  return bytes;
}

Failure newer_format_failure(std::uint32_t format) {
  return reject("newer_format",
                fmt::format("format version {} is newer than this godwit reads ({}): use a newer godwit",
                            format, checkpoint_format));
}

Result<Seal> parse_seal(ByteView first, std::uint64_t file_bytes) {
  if (!begins_with(first, magic)) {
    if (begins_with(first, hdf5_signature)) {
      return data_lost("not_a_checkpoint", "an HDF5 file, but not a Godwit checkpoint");
    }
    return data_lost("not_hdf5", "not an HDF5 file");
  }
  if (first.size() < seal_bytes) {
    return data_lost("truncated", fmt::format("truncated: {} bytes, less than a file's seal", file_bytes));
  }
  if (digest_of(first.first(digest_at)).value != load<std::uint64_t>(first, digest_at)) {
    return data_lost("damaged", "damaged: the seal (first 512 bytes) doesn't match its digest");
  }
  Seal seal;
  seal.format = load<std::uint32_t>(first, 8);
  if (seal.format > checkpoint_format) return newer_format_failure(seal.format);
  seal.file_bytes = load<std::uint64_t>(first, 16);
  seal.head_bytes = load<std::uint64_t>(first, 24);
  seal.head = {load<std::uint64_t>(first, 32)};
  seal.root = {load<std::uint64_t>(first, 40)};
  if (file_bytes < seal.file_bytes) {
    return data_lost("truncated", fmt::format("truncated: {} of {} bytes", file_bytes, seal.file_bytes));
  }
  if (file_bytes > seal.file_bytes || seal.head_bytes > seal.file_bytes || seal.head_bytes < seal_bytes ||
      seal.format == 0) {
    return data_lost("damaged", fmt::format("damaged: {} bytes, sealed as {}", file_bytes, seal.file_bytes));
  }
  return seal;
}

}  // namespace godwit
