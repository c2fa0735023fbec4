#include "custody/departure.hpp"

#include "base/mutation.hpp"
#include "base/panic.hpp"

namespace godwit::custody {

Departure::Departure(Epoch epoch, Rank target, Epoch target_epoch, Epoch thaw_epoch, Instant since)
    : epoch_(epoch), target_(target), target_epoch_(target_epoch), thaw_epoch_(thaw_epoch), since_(since) {
  invariant(epoch < target_epoch && epoch < thaw_epoch && target_epoch != thaw_epoch,
            "a departure needs fresh epochs for both outcomes");
}

bool Departure::frozen(Instant at) {
  if (phase_ != Phase::waiting) return false;
  phase_ = Phase::sending;
  frozen_at_ = at;
  return true;
}

bool Departure::commit_sent() {
  if (phase_ != Phase::sending) return false;
  phase_ = Phase::committed;
  return true;
}

bool Departure::accepted(Epoch at) {
  if (phase_ != Phase::committed) return false;
  if (at != target_epoch_ && !mutated(Mutation::accept_of_any_epoch)) return false;
  phase_ = Phase::released;
  return true;
}

bool Departure::refused(Epoch at) {
  if (!is_open() || (at != target_epoch_ && !mutated(Mutation::refuse_of_any_epoch))) return false;
  phase_ = Phase::thawed;
  return true;
}

bool Departure::abandon() {
  bool const ours = phase_ == Phase::waiting || phase_ == Phase::sending;
  if (!ours && !(phase_ == Phase::committed && mutated(Mutation::thaw_after_commit))) return false;
  phase_ = Phase::thawed;
  return true;
}

bool Departure::target_fenced(Epoch at) {
  if (!is_open() || at != target_epoch_) return false;
  phase_ = Phase::thawed;
  return true;
}

}  // namespace godwit::custody
