// The bytes of a term's log: docs/protocol.md, "Ledger". Pure.
#pragma once

#include <optional>

#include "base/bytes.hpp"
#include "base/ids.hpp"

namespace godwit::journal {

inline constexpr std::size_t header_bytes = 8 + 4 + 8;
inline constexpr std::size_t record_head_bytes = 4 + 8;
inline constexpr std::size_t record_bytes_max = std::size_t{256} << 20;
inline constexpr std::uint32_t format_version = 8;

[[nodiscard]] Bytes header(Term term);
void append_record(Bytes& to, ByteView payload);

// The payload of a whole, sound record at the beginning of these bytes.
[[nodiscard]] std::optional<ByteView> record_at(ByteView bytes);
// Is there a sound record anywhere in these bytes? Then what lies before it isn't just a torn end.
[[nodiscard]] bool any_record_in(ByteView bytes);

}  // namespace godwit::journal
