#include "message/codec.hpp"

#include <fmt/format.h>

#include <cstring>

#include "base/archive.hpp"

namespace godwit {

namespace {

// One overload per kind: a kind without a name doesn't compile.
#define GODWIT_NAME(Kind)                        \
  constexpr char const* name(msg::Kind const&) { \
    return #Kind;                                \
  }
GODWIT_NAME(Hello)
GODWIT_NAME(Welcome)
GODWIT_NAME(Heartbeat)
GODWIT_NAME(HeartbeatSeen)
GODWIT_NAME(Poll)
GODWIT_NAME(AskVote)
GODWIT_NAME(Vote)
GODWIT_NAME(TermIs)
GODWIT_NAME(Holdings)
GODWIT_NAME(ReportsSeen)
GODWIT_NAME(StartJob)
GODWIT_NAME(ClaimOutputs)
GODWIT_NAME(OutputsClaimed)
GODWIT_NAME(JobStarted)
GODWIT_NAME(JobEnded)
GODWIT_NAME(PrepareArrival)
GODWIT_NAME(ArrivalReady)
GODWIT_NAME(Round)
GODWIT_NAME(Commit)
GODWIT_NAME(Accepted)
GODWIT_NAME(Refused)
GODWIT_NAME(Departed)
GODWIT_NAME(Stayed)
GODWIT_NAME(AbandonMove)
GODWIT_NAME(CheckpointJob)
GODWIT_NAME(SuspendJob)
GODWIT_NAME(ResumeJob)
GODWIT_NAME(CancelJob)
GODWIT_NAME(CallJob)
GODWIT_NAME(OrderDone)
GODWIT_NAME(Checkpointed)
GODWIT_NAME(MoveWanted)
GODWIT_NAME(ListHeld)
GODWIT_NAME(HeldJobs)
GODWIT_NAME(Trouble)
GODWIT_NAME(Quiesce)
GODWIT_NAME(Quiesced)
GODWIT_NAME(Leave)
#undef GODWIT_NAME

constexpr std::size_t version_bytes = sizeof(std::uint16_t);
constexpr std::size_t head_bytes = version_bytes + sizeof(std::uint64_t);
using Length = std::uint32_t;

}  // namespace

void FrameBuilder::add(Message const& message, Term term) {
  if (bytes_.empty()) {
    bytes_.resize(head_bytes);
    std::memcpy(bytes_.data(), &wire_version, version_bytes);
    std::memcpy(bytes_.data() + version_bytes, &term.value, sizeof term.value);
    term_ = term;
  }
  invariant(term == term_, "a frame of two terms");
  auto const encoded = encode(message);
  invariant(encoded.size() <= UINT32_MAX, "a message of more than 4 GiB");
  auto const length = static_cast<Length>(encoded.size());
  auto const before = bytes_.size();
  bytes_.resize(before + sizeof length + encoded.size());
  std::memcpy(bytes_.data() + before, &length, sizeof length);
  std::memcpy(bytes_.data() + before + sizeof length, encoded.data(), encoded.size());
}

FrameParts::FrameParts(ByteView frame) {
  if (frame.size() < head_bytes) {
    status_ = data_lost("malformed", "a frame too short to hold its version and term");
    return;
  }
  rest_ = frame.subspan(head_bytes);
  std::memcpy(&term_.value, frame.data() + version_bytes, sizeof term_.value);
  std::uint16_t version = 0;
  std::memcpy(&version, frame.data(), version_bytes);
  if (version == wire_version) return;
  status_ = data_lost(
      "wire_version",
      fmt::format("a message of wire version {}, but this program speaks {}: every rank must run "
                  "the same build of godwitd",
                  version, wire_version));
}

Result<std::optional<Message>> FrameParts::next() {
  if (!status_) return status_.failure();
  if (any_ && rest_.empty()) return std::optional<Message>{};
  any_ = true;
  Length length = 0;
  if (rest_.size() >= sizeof length) std::memcpy(&length, rest_.data(), sizeof length);
  if (rest_.size() < sizeof length || length > rest_.size() - sizeof length) {
    status_ = data_lost("malformed", "a frame that ends in the middle of a message");
    return status_.failure();
  }
  auto message = decode<Message>(rest_.subspan(sizeof length, length));
  rest_ = rest_.subspan(sizeof length + length);
  if (message) return std::optional<Message>(*std::move(message));
  status_ = message.failure();
  return status_.failure();
}

Bytes encode_message(Message const& message) {
  FrameBuilder frame;
  frame.add(message);
  return frame.take();
}

Result<Message> decode_message(ByteView frame) {
  FrameParts parts(frame);
  auto first = parts.next();
  if (!first) return first.failure();
  auto const second = parts.next();
  if (!second) return second.failure();
  if (*second) return data_lost("malformed", "bytes left over after the last field");
  return *std::move(*first);
}

char const* name_of(Message const& message) {
  return std::visit([](auto const& held) { return name(held); }, message);
}

}  // namespace godwit
