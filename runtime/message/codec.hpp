// Messages to bytes and back. A frame is: version (u16), the sender's term (u64), then one or more messages, each its
// length (u32), kind (u8, the index in Message) and body: what one rank tells another in one turn of its loop travels
// together.
// Decoding hostile bytes allocates no more than a small multiple of their size.
#pragma once

#include <optional>
#include <utility>

#include "base/result.hpp"
#include "message/message.hpp"

namespace godwit {

inline constexpr std::uint16_t wire_version = 11;

// A frame that grows by a message at a time.
class FrameBuilder {
 public:
  void add(Message const& message, Term term = {});  // of one frame all have the same term
  [[nodiscard]] Term term() const { return term_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] Bytes take() { return std::exchange(bytes_, {}); }

 private:
  Bytes bytes_;
  Term term_;
};

// Takes a frame apart. Fails with data_lost: "malformed" or "wire_version"; what came before stands.
class FrameParts {
 public:
  explicit FrameParts(ByteView frame);
  [[nodiscard]] Term term() const { return term_; }  // the newest that the sender knows
  // The next message; none after the last. Nothing follows a failure.
  [[nodiscard]] Result<std::optional<Message>> next();

 private:
  ByteView rest_;
  Term term_;
  Status status_{Done{}};
  bool any_{false};
};

[[nodiscard]] Bytes encode_message(Message const& message, Term term = {});
// A frame of one message.
[[nodiscard]] Result<Message> decode_message(ByteView frame);
[[nodiscard]] char const* name_of(Message const& message);  // "PrepareArrival"; for logs and tests

// Who says a message to whom: an allocator may run beside a host on one rank, so ranks don't tell.
enum class Course : std::uint8_t { from_allocator, to_allocator, between_hosts };
[[nodiscard]] Course course_of(Message const& message);

}  // namespace godwit
