#include "edge/posix/journal_format.hpp"

#include <bit>
#include <cstring>

#include "base/digest.hpp"
#include "base/panic.hpp"

namespace godwit::journal {
namespace {

constexpr std::string_view magic = "GODWITLG";
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

Bytes header(Term term) {
  auto bytes = to_bytes(magic);
  append_number(bytes, format_version);
  append_number(bytes, term.value);
  return bytes;
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

}  // namespace godwit::journal
