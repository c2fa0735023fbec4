// Frames between ranks. What decodes must encode to what decodes as the same: two ranks must never take one frame for two things.
#include "fuzz/fuzz.hpp"

#include <cstring>

#include "message/codec.hpp"
#include "state/manifest.hpp"

namespace godwit {
namespace {

void look_into(Message const& message) {
  fuzz::require(name_of(message)[0] != '\0', "a message without a name");
  (void)course_of(message);
  auto const frame = encode_message(message);
  auto const again = decode_message(frame);
  fuzz::require(again.ok(), "what was encoded can't be decoded");
  fuzz::require(again->index() == message.index() && encode_message(*again) == frame, "decoded as something else");
  if (auto const* parcel = std::get_if<msg::Parcel>(&message)) {
    if (auto const inner = decode<Message>(parcel->message)) (void)name_of(*inner);
  }
  if (auto const* commit = std::get_if<msg::Commit>(&message)) (void)decode<Manifest>(commit->manifest).ok();
}

}  // namespace
}  // namespace godwit

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace godwit;
  godwit::fuzz::InputLimit const limit;
  auto const view = fuzz::bytes_of(data, size);
  Bytes frame(view.begin(), view.end());
  // Another version is refused at once: nothing to be found there, and inputs should outlive a new one.
  if (frame.size() >= sizeof wire_version) std::memcpy(frame.data(), &wire_version, sizeof wire_version);
  FrameParts parts(frame);
  for (;;) {
    auto const part = parts.next();
    if (!part) {
      fuzz::require(!part.failure().context.empty(), "a refusal without a reason");
      break;
    }
    if (!*part) break;
    look_into(**part);
  }
  return 0;
}
