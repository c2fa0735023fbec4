// The commit digest of a move: over the encoded manifest, the target epoch and the digest of the last
// round's pages. The source computes it from what it sent, the target from what it received; the job
// runs at the target only if they are equal.
#pragma once

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/ids.hpp"

namespace godwit {

[[nodiscard]] Digest commit_digest(ByteView manifest, Epoch target_epoch, Digest last_round);

}  // namespace godwit
