// Timers: one-shot timers of one state machine, by id; arming again moves one. The next to fire is
// found in constant time: an idle node looks at it a thousand times a second.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace godwit {

class Timers {
 public:
  // at = {}: disarms.
  void arm(RequestId timer, Instant at) {
    if (auto const known = armed_.find(timer); known != armed_.end()) {
      due_.erase({known->second, timer});
      armed_.erase(known);
    }
    if (at == Instant{}) return;
    armed_.emplace(timer, at);
    due_.emplace(at, timer);
  }

  [[nodiscard]] Instant next() const { return due_.empty() ? Instant{} : due_.begin()->first; }

  // The earliest that is due by now, disarmed; in the order of their instants.
  std::optional<RequestId> take_due(Instant now) {
    if (due_.empty() || due_.begin()->first > now) return std::nullopt;
    auto const timer = due_.begin()->second;
    due_.erase(due_.begin());
    armed_.erase(timer);
    return timer;
  }

 private:
  std::map<RequestId, Instant> armed_;
  std::set<std::pair<Instant, RequestId>> due_;
};

}  // namespace godwit
