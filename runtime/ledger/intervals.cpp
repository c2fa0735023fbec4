#include "ledger/intervals.hpp"

#include <algorithm>

namespace godwit {

bool Intervals::contains(std::uint32_t first, std::uint32_t last) const {
  auto const after = runs_.upper_bound(first);
  return after != runs_.begin() && std::prev(after)->second >= last;
}

void Intervals::insert(std::uint32_t first, std::uint32_t last) {
  if (first > last) return;
  auto at = runs_.upper_bound(first);
  if (at != runs_.begin() && std::uint64_t{std::prev(at)->second} + 1 >= first) --at;
  while (at != runs_.end() && at->first <= std::uint64_t{last} + 1) {  // what it overlaps or touches
    first = std::min(first, at->first);
    last = std::max(last, at->second);
    size_ -= std::uint64_t{at->second} - at->first + 1;
    at = runs_.erase(at);
  }
  runs_.emplace_hint(at, first, last);
  size_ += std::uint64_t{last} - first + 1;
}

void Intervals::erase(std::uint32_t first, std::uint32_t last) {
  if (first > last) return;
  auto at = runs_.upper_bound(first);
  if (at != runs_.begin() && std::prev(at)->second >= first) --at;
  while (at != runs_.end() && at->first <= last) {
    auto const [from, to] = *at;
    size_ -= std::uint64_t{std::min(to, last)} - std::max(from, first) + 1;
    at = runs_.erase(at);
    if (from < first) runs_.emplace(from, first - 1);
    if (to > last) runs_.emplace(last + 1, to);
  }
}

Intervals Intervals::within(std::uint32_t first, std::uint32_t last) const {
  Intervals some;
  auto at = runs_.upper_bound(first);
  if (at != runs_.begin() && std::prev(at)->second >= first) --at;
  for (; at != runs_.end() && at->first <= last; ++at) {
    some.insert(std::max(first, at->first), std::min(last, at->second));
  }
  return some;
}

Intervals Intervals::within(Intervals const& others) const {
  if (others.runs_.size() < runs_.size()) return others.within(*this);
  Intervals both;
  for (auto const& [first, last] : runs_) {
    auto const part = others.within(first, last);
    for (auto const& run : part.runs_) both.insert(run.first, run.second);
  }
  return both;
}

}  // namespace godwit
