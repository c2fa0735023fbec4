#include "ledger/identity.hpp"

namespace godwit {

Digest digest_of_work(JobArray work) {
  work.spec.plugin_digest.clear();
  work.spec.after.clear();
  return digest_of(encode(work));
}

JobCounts Identity::counts() const {
  JobCounts all;
  all.finished = finished;
  all.failed = failed;
  all.cancelled = cancelled;
  return all;
}

}  // namespace godwit
