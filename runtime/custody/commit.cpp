#include "custody/commit.hpp"

#include <utility>

#include "base/archive.hpp"

namespace godwit {

Digest commit_digest(ByteView manifest, Epoch target_epoch, Digest last_round) {
  auto const tail = encode(std::pair{target_epoch, last_round});
  DigestStream stream;
  stream.add(manifest);
  stream.add(tail);
  return stream.digest();
}

}  // namespace godwit
