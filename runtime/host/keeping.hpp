// What a host knows of partner copies on their way and in its keeping: docs/protocol.md, "Partner copies". A copy lies
// in an arena that has no capsule, so that a job can begin in it at once. It changes by whole rounds only: a round
// that is torn, late, or not the one that was sealed leaves it as it was.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "message/message.hpp"

namespace godwit::host {

// A round from here to the partner, from the gathering until its last page has left.
struct Outgoing {
  JobId job;
  Epoch epoch;
  CapsuleId capsule;
  Rank to;
  StreamId stream;
  std::uint64_t number{0}, base{0};
  std::uint64_t arena_bytes{0}, memory_bytes{0};
  msg::CopyLabel label;
};

// A round on its way in.
struct Incoming {
  msg::CopyRound round;
  CapsuleId arena{0};    // whole: straight into this one
  RequestId request{0};  // else: held, until it is all here
  std::optional<Digest> came;
  std::optional<msg::CopySeal> seal;
  bool unwanted{false};  // it changes what isn't here, or nobody wants it any more
};

struct Kept {
  JobId job;
  Epoch epoch;
  Rank source;
  CapsuleId arena;
  std::uint64_t number{0};
  std::uint64_t arena_bytes{0}, memory_bytes{0};
  msg::CopyLabel label;
  bool changing{false};  // a round is being put into it
  int lent{0};           // its pages are being sent
  bool referred_to{false};  // they were, to somebody who has died: its memory is never given back
  bool dropped{false};
  std::vector<std::pair<Rank, msg::WantCopy>> wanted;  // once it doesn't change
};

// Is what was copied at that epoch, after that generation had been begun, newer than this image of its lineage?
[[nodiscard]] constexpr bool is_newer(Epoch epoch, Generation generation, msg::ImageName const& image) {
  return epoch > image.epoch || (epoch == image.epoch && generation >= image.generation);
}

}  // namespace godwit::host
