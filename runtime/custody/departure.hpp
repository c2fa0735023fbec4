// Departure: the source's half of a hand-over.
//
//   waiting ──Frozen──► sending ──PagesSent──► committed ──Accepted──► released
//      │                   │                       └─Refused, or the allocator says: target fenced─► thawed
//      └──── abandoned, Refused, no safe point ────┴──► thawed (by itself, at thaw_epoch)
//
// Before the commit frame is sent the source may thaw by itself; after it, it can't know what the
// target did, and thaws only on an explicit Refused or when the target is fenced. A pure class: each
// transition says whether it took place.
#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"

namespace godwit::custody {

class Departure {
 public:
  enum class Phase : std::uint8_t { waiting, sending, committed, released, thawed };

  Departure(Epoch epoch, Rank target, Epoch target_epoch, Epoch thaw_epoch, Instant since);

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool is_open() const { return phase_ < Phase::released; }
  [[nodiscard]] Rank target() const { return target_; }
  [[nodiscard]] Epoch epoch() const { return epoch_; }
  [[nodiscard]] Epoch target_epoch() const { return target_epoch_; }
  [[nodiscard]] Epoch thaw_epoch() const { return thaw_epoch_; }
  [[nodiscard]] Instant since() const { return since_; }
  [[nodiscard]] Instant frozen_at() const { return frozen_at_; }

  bool frozen(Instant at);         // waiting → sending
  bool commit_sent();              // sending → committed
  bool accepted(Epoch at);         // committed → released, if `at` is target_epoch
  bool refused(Epoch at);          // any open phase → thawed, if `at` is target_epoch
  bool abandon();                  // waiting, sending → thawed; false once committed
  bool target_fenced(Epoch at);    // any open phase → thawed, if `at` is target_epoch

 private:
  Phase phase_{Phase::waiting};
  Epoch epoch_;
  Rank target_;
  Epoch target_epoch_;
  Epoch thaw_epoch_;
  Instant since_;
  Instant frozen_at_;
};

}  // namespace godwit::custody
