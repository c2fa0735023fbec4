// Arrival: the target's half of a hand-over.
//
//   preparing ──Prepared──► ready ──Round──► receiving ──pages and Commit verified──► restoring ──Running──► running
//       └───────── abandoned, digest mismatch, capsule failed, source died ─────────┴──► refused
//
// Once refused, never accepted under the same target epoch. The pages and the commit frame may come in
// either order. A pure class.
#pragma once

#include <optional>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/ids.hpp"

namespace godwit::custody {

class Arrival {
 public:
  enum class Phase : std::uint8_t { preparing, ready, receiving, restoring, running, refused };
  enum class Verdict : std::uint8_t { incomplete, verified, mismatch };

  Arrival(Rank source, Epoch source_epoch, Epoch target_epoch, Epoch thaw_epoch);

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] Rank source() const { return source_; }
  [[nodiscard]] Epoch source_epoch() const { return source_epoch_; }
  [[nodiscard]] Epoch target_epoch() const { return target_epoch_; }
  [[nodiscard]] Epoch thaw_epoch() const { return thaw_epoch_; }
  [[nodiscard]] Bytes const& manifest() const { return manifest_; }

  bool prepared();                                     // preparing → ready
  bool round(StreamId stream);                         // ready → receiving
  Verdict pages(StreamId stream, Digest digest);       // receiving
  Verdict commit(Bytes manifest, Digest digest);       // ready, receiving; verified → restoring, mismatch → refused
  bool running();                                      // restoring → running
  bool refuse();                                       // any phase before running → refused

 private:
  Verdict judge();
  Phase phase_{Phase::preparing};
  Rank source_;
  Epoch source_epoch_, target_epoch_, thaw_epoch_;
  std::optional<StreamId> stream_;
  std::optional<Digest> pages_;
  std::optional<Digest> commit_;
  Bytes manifest_;
};

}  // namespace godwit::custody
