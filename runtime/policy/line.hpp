// Line: an account's requests of one class of demands, the highest priority first, then the lowest id. Nearly all come at
// the end and leave at the front, and there may be a million: those of one priority lie one after another. Who leaves from
// within leaves a gap, and gaps are closed when there are more of them than requests.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>

#include "base/ids.hpp"

namespace godwit::policy {

struct Entry;

struct LinePlace {
  std::int32_t priority{0};
  JobId job;

  bool operator==(LinePlace const&) const = default;
  std::strong_ordering operator<=>(LinePlace const& other) const {
    auto const by_priority = other.priority <=> priority;
    return by_priority != 0 ? by_priority : job <=> other.job;
  }
};

class Line {
 public:
  [[nodiscard]] bool empty() const { return parts_.empty(); }
  [[nodiscard]] Entry* first() const { return empty() ? nullptr : parts_.begin()->second.slots.front().entry; }  // null: none

  void insert(LinePlace const& place, Entry& entry) {
    auto& slots = parts_[place.priority].slots;
    auto const at = slots.empty() || slots.back().job < place.job ? slots.end() : std::ranges::lower_bound(slots, place.job, {}, &Slot::job);
    slots.insert(at, {place.job, &entry});
  }
  void erase(LinePlace const& place) {
    auto const part = parts_.find(place.priority);
    if (part == parts_.end()) return;
    auto& [slots, gaps] = part->second;
    auto const at = std::ranges::lower_bound(slots, place.job, {}, &Slot::job);
    if (at == slots.end() || at->job != place.job || at->entry == nullptr) return;
    at->entry = nullptr;
    ++gaps;
    for (; !slots.empty() && slots.front().entry == nullptr; --gaps) slots.pop_front();
    if (2 * gaps > slots.size()) gaps -= std::erase_if(slots, [](Slot const& one) { return one.entry == nullptr; });
    if (slots.empty()) parts_.erase(part);
  }

  // In their order; null: none.
  template <class Condition>
  [[nodiscard]] Entry* first_that(Condition holds) const {
    for (auto const& [priority, part] : parts_) {
      for (auto const& [job, entry] : part.slots) {
        if (entry != nullptr && holds(*entry)) return entry;
      }
    }
    return nullptr;
  }
  [[nodiscard]] std::uint64_t count_before(LinePlace const& place) const {
    std::uint64_t count = 0;
    for (auto const& [priority, part] : parts_) {
      if (priority < place.priority) break;
      auto const end = priority > place.priority ? part.slots.end() : std::ranges::lower_bound(part.slots, place.job, {}, &Slot::job);
      count += static_cast<std::uint64_t>(std::count_if(part.slots.begin(), end, [](Slot const& one) { return one.entry != nullptr; }));
    }
    return count;
  }

 private:
  struct Slot {
    JobId job;
    Entry* entry{nullptr};  // null: a gap
  };
  struct Part {
    std::deque<Slot> slots;  // the first isn't a gap
    std::size_t gaps{0};
  };

  std::map<std::int32_t, Part, std::greater<>> parts_;  // by priority
};

}  // namespace godwit::policy
