// Which way of finding changed pages this kernel keeps its word on: pages are changed, and must be reported
// alone.
#include "app/godwit/doctor/examine.hpp"
#include "edge/capsules/link/page_watch.hpp"

namespace godwit::cli {

Findings examine_tracking() {
  using Verdict = Finding::Verdict;
  auto const why = why_writes_cannot_be_watched();
  if (why.empty()) {
    return {
        {"changed pages", Verdict::ok, "userfaultfd and PAGEMAP_SCAN report exactly what was changed", {}}};
  }
  return {
      {"changed pages", Verdict::warn, why,
       "a checkpoint stops a job for as long as its memory takes to be copied; what changed is then found by "
       "digests. Linux 6.7 has what is missing"}};
}

}  // namespace godwit::cli
