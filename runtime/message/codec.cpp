#include "message/codec.hpp"

#include <fmt/format.h>

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

}  // namespace

Bytes encode_message(Message const& message) {
  Saver saver;
  saver& wire_version& message;
  return saver.take();
}

Result<Message> decode_message(ByteView frame) {
  if (frame.size() < version_bytes) return data_lost("malformed", "a frame too short to hold its version");
  std::uint16_t version = 0;
  std::memcpy(&version, frame.data(), version_bytes);
  if (version != wire_version) {
    return data_lost(
        "wire_version",
        fmt::format("a message of wire version {}, but this program speaks {}: every rank must run "
                    "the same build of godwitd",
                    version, wire_version));
  }
  return decode<Message>(frame.subspan(version_bytes));
}

char const* name_of(Message const& message) {
  return std::visit([](auto const& held) { return name(held); }, message);
}

}  // namespace godwit
