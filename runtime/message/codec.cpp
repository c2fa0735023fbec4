#include "message/codec.hpp"

#include <fmt/format.h>

#include <cstring>

#include "base/archive.hpp"

namespace godwit {

namespace {

// Overloads per kind: a kind without a name or a course doesn't compile.
#define GODWIT_NAME(Kind)                        \
  constexpr char const* name(msg::Kind const&) { \
    return #Kind;                                \
  }
#define GODWIT_KIND(Kind, where)             \
  GODWIT_NAME(Kind)                          \
  constexpr Course course(msg::Kind const&) { \
    return Course::where;                    \
  }
GODWIT_KIND(Hello, to_allocator)
GODWIT_KIND(Welcome, from_allocator)
GODWIT_KIND(Heartbeat, to_allocator)
GODWIT_KIND(HeartbeatSeen, from_allocator)
GODWIT_KIND(Poll, from_allocator)
GODWIT_KIND(AskVote, between_hosts)
GODWIT_KIND(Vote, between_hosts)
GODWIT_KIND(TermIs, to_allocator)
GODWIT_KIND(Holdings, to_allocator)
GODWIT_KIND(ReportsSeen, from_allocator)
GODWIT_KIND(StartJob, from_allocator)
GODWIT_KIND(ClaimOutputs, to_allocator)
GODWIT_KIND(OutputsClaimed, from_allocator)
GODWIT_KIND(JobStarted, to_allocator)
GODWIT_KIND(JobEnded, to_allocator)
GODWIT_KIND(PrepareArrival, from_allocator)
GODWIT_KIND(ArrivalReady, between_hosts)
GODWIT_KIND(Round, between_hosts)
GODWIT_KIND(Commit, between_hosts)
GODWIT_KIND(Departed, to_allocator)
GODWIT_KIND(Stayed, to_allocator)
GODWIT_KIND(CheckpointJob, from_allocator)
GODWIT_KIND(SuspendJob, from_allocator)
GODWIT_KIND(ResumeJob, from_allocator)
GODWIT_KIND(CancelJob, from_allocator)
GODWIT_KIND(ParkJob, from_allocator)
GODWIT_KIND(CallJob, from_allocator)
GODWIT_KIND(OrderDone, to_allocator)
GODWIT_KIND(Checkpointed, to_allocator)
GODWIT_KIND(PruneJob, from_allocator)
GODWIT_KIND(Pruned, to_allocator)
GODWIT_KIND(MoveWanted, to_allocator)
GODWIT_KIND(Probe, between_hosts)
GODWIT_KIND(ProbeAnswer, between_hosts)
GODWIT_KIND(ListHeld, from_allocator)
GODWIT_KIND(HeldJobs, to_allocator)
GODWIT_KIND(Trouble, to_allocator)
GODWIT_KIND(Quiesce, from_allocator)
GODWIT_KIND(Quiesced, to_allocator)
GODWIT_KIND(Leave, from_allocator)
GODWIT_KIND(Managed, from_allocator)
GODWIT_KIND(Regrouped, to_allocator)
GODWIT_KIND(Recall, from_allocator)
GODWIT_KIND(GivenBack, to_allocator)
GODWIT_KIND(HandOn, between_hosts)
GODWIT_KIND(Room, between_hosts)
GODWIT_KIND(PartnerIs, from_allocator)
GODWIT_KIND(OfferCopy, between_hosts)
GODWIT_KIND(CopyAwaited, between_hosts)
GODWIT_KIND(CopyRound, between_hosts)
GODWIT_KIND(CopySeal, between_hosts)
GODWIT_KIND(CopyKept, between_hosts)
GODWIT_KIND(CopyHere, to_allocator)
GODWIT_KIND(WantCopy, between_hosts)
GODWIT_KIND(CopyRefused, between_hosts)
GODWIT_NAME(DropCopy)
constexpr Course course(msg::DropCopy const& message) {
  return message.by_source ? Course::between_hosts : Course::from_allocator;
}
GODWIT_NAME(Parcel)
constexpr Course course(msg::Parcel const& message) {
  return message.up ? Course::to_allocator : Course::from_allocator;
}
GODWIT_NAME(Accepted)
constexpr Course course(msg::Accepted const& message) {
  return message.report ? Course::to_allocator : Course::between_hosts;
}
GODWIT_NAME(Refused)
constexpr Course course(msg::Refused const& message) {
  return message.report ? Course::to_allocator : Course::between_hosts;
}
GODWIT_NAME(AbandonMove)
constexpr Course course(msg::AbandonMove const& message) {
  return message.by_source ? Course::between_hosts : Course::from_allocator;
}
#undef GODWIT_KIND
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

Bytes encode_message(Message const& message, Term term) {
  FrameBuilder frame;
  frame.add(message, term);
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

Course course_of(Message const& message) {
  return std::visit([](auto const& held) { return course(held); }, message);
}

}  // namespace godwit
