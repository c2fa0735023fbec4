#include "custody/arrival.hpp"

#include "base/mutation.hpp"
#include "base/panic.hpp"
#include "custody/commit.hpp"

namespace godwit::custody {

Arrival::Arrival(Rank source, Epoch source_epoch, Epoch target_epoch, Epoch thaw_epoch)
    : source_(source), source_epoch_(source_epoch), target_epoch_(target_epoch), thaw_epoch_(thaw_epoch) {
  invariant(source_epoch < target_epoch && target_epoch != thaw_epoch, "an arrival needs a fresh epoch");
}

bool Arrival::prepared() {
  if (phase_ != Phase::preparing) return false;
  phase_ = Phase::ready;
  return true;
}

bool Arrival::round(StreamId stream) {
  if (phase_ != Phase::ready || stream_) return false;
  phase_ = Phase::receiving;
  stream_ = stream;
  return true;
}

Arrival::Verdict Arrival::pages(StreamId stream, Digest digest) {
  if (phase_ != Phase::receiving || stream_ != stream || pages_) return Verdict::incomplete;
  pages_ = digest;
  return judge();
}

Arrival::Verdict Arrival::commit(Bytes manifest, Digest digest) {
  bool const due = phase_ == Phase::ready || phase_ == Phase::receiving ||
                   (phase_ == Phase::refused && mutated(Mutation::arrive_after_refusing));
  if (!due || commit_) return Verdict::incomplete;
  manifest_ = std::move(manifest);
  commit_ = digest;
  return judge();
}

Arrival::Verdict Arrival::judge() {
  if (!pages_ || !commit_) return Verdict::incomplete;
  auto const digest = commit_digest(manifest_, target_epoch_, *pages_);
  if (digest != *commit_ && !mutated(Mutation::skip_commit_digest)) {
    phase_ = Phase::refused;
    return Verdict::mismatch;
  }
  phase_ = Phase::restoring;
  return Verdict::verified;
}

bool Arrival::running() {
  if (phase_ != Phase::restoring) return false;
  phase_ = Phase::running;
  return true;
}

bool Arrival::refuse() {
  if (phase_ == Phase::running || phase_ == Phase::refused) return false;
  phase_ = Phase::refused;
  return true;
}

}  // namespace godwit::custody
