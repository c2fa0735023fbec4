// The bytes of a term's log, and of a snapshot: docs/protocol.md, "Ledger". Pure.
//
// A term's log is one file or several, its segments. Segment 0 has the header; a later one the header and how many records of
// the term come before it. A segment that is followed by another ends with a mark that says so.
#pragma once

#include <optional>

#include "base/bytes.hpp"
#include "base/ids.hpp"

namespace godwit::journal {

inline constexpr std::size_t header_bytes = 8 + 4 + 8;
inline constexpr std::size_t record_head_bytes = 4 + 8;
inline constexpr std::size_t record_bytes_max = std::size_t{256} << 20;
inline constexpr std::uint32_t format_version = 10;
inline constexpr std::uint32_t oldest_version_read = 8;  // its events are some of today's
inline constexpr std::uint32_t oldest_snapshot_read = 9;  // there were none before

struct SegmentHead {
  Term term;
  std::uint32_t segment{0};
  std::uint64_t before{0};  // records of the term
};
struct SnapshotHead {  // everything before that segment
  Term term;
  std::uint32_t segment{0};
  std::uint64_t before{0};
  bool operator==(SnapshotHead const&) const = default;
};

[[nodiscard]] constexpr std::size_t head_bytes(std::uint32_t segment) { return segment == 0 ? header_bytes : header_bytes + 8; }
inline constexpr std::size_t snapshot_head_bytes = header_bytes + 4 + 8 + 8;

[[nodiscard]] Bytes head_of(SegmentHead const& head);
[[nodiscard]] Bytes head_of(SnapshotHead const& head, std::uint32_t version = format_version);

// Of a head that is whole: why it isn't one of this kind, this term and segment, or a version that can be read; empty: it is.
[[nodiscard]] std::string fault_of_head(ByteView bytes, Term term);
[[nodiscard]] std::uint64_t before_of_head(ByteView bytes);  // of a segment but the first
// None: damaged, or of another version.
[[nodiscard]] std::optional<SnapshotHead> snapshot_head(ByteView bytes);

void append_record(Bytes& to, ByteView payload);

// The payload of a whole, sound record at the beginning of these bytes.
[[nodiscard]] std::optional<ByteView> record_at(ByteView bytes);
// Is there a sound record anywhere in these bytes? Then what lies before it isn't just a torn end.
[[nodiscard]] bool any_record_in(ByteView bytes);

// "The log goes on in the next segment."
[[nodiscard]] Bytes end_mark();
[[nodiscard]] bool is_end_mark(ByteView bytes);  // these bytes begin with it

}  // namespace godwit::journal
