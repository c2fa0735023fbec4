// Messages to bytes and back. A frame is: version (u16), kind (u8, the index in Message), body.
// Decoding hostile bytes allocates no more than a small multiple of their size.
#pragma once

#include "base/result.hpp"
#include "message/message.hpp"

namespace godwit {

inline constexpr std::uint16_t wire_version = 1;

[[nodiscard]] Bytes encode_message(Message const& message);
// Fails with data_lost: "malformed" or "wire_version".
[[nodiscard]] Result<Message> decode_message(ByteView frame);
[[nodiscard]] char const* name_of(Message const& message);  // "PrepareArrival"; for logs and tests

}  // namespace godwit
