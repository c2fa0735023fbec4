#include "edge/posix/journal_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/digest.hpp"
#include "base/panic.hpp"

namespace godwit::journal {
namespace {

constexpr std::string_view magic = "GODWITLG";
constexpr std::string_view snapshot_magic = "GODWITSN";
constexpr std::string_view mark = "log goes on ";
static_assert(mark.size() == record_head_bytes);
static_assert(std::endian::native == std::endian::little);

template <class Number>
void append_number(Bytes& to, Number number) {
  auto const* first = reinterpret_cast<std::byte const*>(&number);
  to.insert(to.end(), first, first + sizeof number);
}
template <class Number>
Number number_at(ByteView bytes, std::size_t offset) {
  Number number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

}  // namespace

Bytes head_of(SegmentHead const& head) {
  auto bytes = to_bytes(magic);
  append_number(bytes, format_version);
  append_number(bytes, head.term.value);
  if (head.segment > 0) append_number(bytes, head.before);
  return bytes;
}

Bytes head_of(SnapshotHead const& head, std::uint32_t version) {
  auto bytes = to_bytes(snapshot_magic);
  append_number(bytes, version);
  append_number(bytes, head.term.value);
  append_number(bytes, head.segment);
  append_number(bytes, head.before);
  append_number(bytes, digest_of(bytes).value);
  return bytes;
}

std::string fault_of_head(ByteView bytes, Term term) {
  auto const expected = to_bytes(magic);
  if (!std::equal(expected.begin(), expected.end(), bytes.begin())) return "this is no header of a ledger's log";
  auto const version = number_at<std::uint32_t>(bytes, 8);
  if (version < oldest_version_read || version > format_version) {
    return fmt::format("this is a ledger of format version {}, and this program reads {} to {}: use a Godwit that reads it", version,
                       oldest_version_read, format_version);
  }
  if (auto const of = number_at<std::uint64_t>(bytes, 12); of != term.value) return fmt::format("this is the header of term {}", of);
  return {};
}

std::uint64_t before_of_head(ByteView bytes) {
  return number_at<std::uint64_t>(bytes, header_bytes);
}

std::optional<SnapshotHead> snapshot_head(ByteView bytes) {
  if (bytes.size() < snapshot_head_bytes) return std::nullopt;
  auto const version = number_at<std::uint32_t>(bytes, 8);
  if (version < oldest_snapshot_read || version > format_version) return std::nullopt;
  SnapshotHead const head{Term{number_at<std::uint64_t>(bytes, 12)}, number_at<std::uint32_t>(bytes, 20), number_at<std::uint64_t>(bytes, 24)};
  auto const expected = head_of(head, version);
  if (!std::equal(expected.begin(), expected.end(), bytes.begin())) return std::nullopt;
  return head;
}

void append_record(Bytes& to, ByteView payload) {
  invariant(!payload.empty() && payload.size() <= record_bytes_max, "a journal record of this size");
  append_number(to, static_cast<std::uint32_t>(payload.size()));
  append_number(to, digest_of(payload).value);
  to.insert(to.end(), payload.begin(), payload.end());
}

std::optional<ByteView> record_at(ByteView bytes) {
  if (bytes.size() < record_head_bytes) return std::nullopt;
  auto const size = number_at<std::uint32_t>(bytes, 0);
  if (size == 0 || size > record_bytes_max || size > bytes.size() - record_head_bytes) return std::nullopt;
  auto const payload = bytes.subspan(record_head_bytes, size);
  if (digest_of(payload).value != number_at<std::uint64_t>(bytes, 4)) return std::nullopt;
  return payload;
}

bool any_record_in(ByteView bytes) {
  for (; bytes.size() > record_head_bytes; bytes = bytes.subspan(1)) {
    if (record_at(bytes)) return true;
  }
  return false;
}

// As the head of a record it would be one of more than the most bytes.
Bytes end_mark() {
  return to_bytes(mark);
}

bool is_end_mark(ByteView bytes) {
  auto const expected = end_mark();
  return bytes.size() >= expected.size() && std::equal(expected.begin(), expected.end(), bytes.begin());
}

}  // namespace godwit::journal
