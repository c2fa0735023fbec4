#include "host/queue.hpp"

#include <algorithm>
#include <utility>

#include "host/core.hpp"

namespace godwit::host {

void Queue::put(msg::StartJob start) {
  waiting_[start.job] = start.epoch;
  line_.push_back(std::move(start));
}

msg::StartJob Queue::take() {
  invariant(!empty(), "nothing waits");
  skip_dropped();
  auto first = std::move(line_.front());
  line_.pop_front();
  waiting_.erase(first.job);
  return first;
}

void Queue::drop(JobId job) {
  waiting_.erase(job);
  skip_dropped();
}

void Queue::clear() {
  line_.clear();
  waiting_.clear();
}

std::optional<Epoch> Queue::epoch_of(JobId job) const {
  auto const at = waiting_.find(job);
  if (at == waiting_.end()) return std::nullopt;
  return at->second;
}

void Queue::skip_dropped() {
  while (!line_.empty() && !waits(line_.front())) line_.pop_front();
}

// ---- the host's use of it

void Host::Core::start_queued() {
  while (!queue.empty() && has_room_for(queue.front().spec)) begin_start(queue.take());
}

// One that wants more cores than there are has them all to itself.
bool Host::Core::has_room_for(JobSpec const& spec) const {
  auto const taken = cores_taken();
  return (taken == 0 || taken + spec.cores <= settings.has.cores) && identities.free(spec.resources);
}

// A copy that only waits for its Accepted takes no core; a suspended job keeps its own.
std::int32_t Host::Core::cores_taken() const {
  std::int32_t taken = 0;
  for (auto const& [capsule, held] : holdings) {
    if (held.phase != Holding::Phase::released && !held.superseded) taken += std::max(held.spec.cores, 1);
  }
  return taken;
}

}  // namespace godwit::host
