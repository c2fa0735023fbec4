#include "policy/move_cost.hpp"

#include <algorithm>
#include <chrono>

namespace godwit::policy {

namespace {

constexpr std::uint64_t telling_bytes = 1 << 20;  // less than that says nothing about bandwidth
constexpr std::uint64_t bandwidth_min = 1 << 10, bandwidth_max = std::uint64_t{1} << 33;
constexpr std::uint64_t bytes_max = std::uint64_t{1} << 46;
constexpr std::uint64_t ns_per_s = 1'000'000'000;

Duration time_for(std::uint64_t bytes, std::uint64_t bytes_per_s) {
  auto const full_seconds = bytes / bytes_per_s * ns_per_s;
  auto const rest = bytes % bytes_per_s * ns_per_s / bytes_per_s;
  return Duration{static_cast<std::int64_t>(full_seconds + rest)};
}

template <class Number>
Number smoothed(Number old, Number fresh) {
  return old + (fresh - old) / 4;
}

Way learned(Way way, Ways::Moved const& figures) {
  if (figures.bytes >= telling_bytes && figures.transfer > Duration{0}) {
    auto const us = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(figures.transfer).count()));
    auto const fresh = std::clamp(std::min(figures.bytes, bytes_max) / us * 1'000'000, bandwidth_min, bandwidth_max);
    way.bytes_per_s = static_cast<std::uint64_t>(
        smoothed(static_cast<std::int64_t>(way.bytes_per_s), static_cast<std::int64_t>(fresh)));
  }
  way.overhead = smoothed(way.overhead, std::max(figures.stopped - figures.transfer, Duration{0}));
  return way;
}

}  // namespace

MoveCost cost_of(ImageSize const& image, Way const& way) {
  auto const bandwidth = std::clamp(way.bytes_per_s, bandwidth_min, bandwidth_max);
  auto const all = std::min(image.bytes, bytes_max);
  auto const least = std::min(image.working_bytes, all);
  auto last = all;
  MoveCost cost;
  cost.bytes = all;
  bool const shrinks = image.dirty_bytes_per_s > 0 && image.dirty_bytes_per_s < bandwidth;
  if (shrinks) {
    auto const ratio = std::max<std::uint64_t>(1, (image.dirty_bytes_per_s << 16) / bandwidth);  // of 65536
    for (; cost.rounds < rounds_max && last > std::max(last_round_bytes, least); ++cost.rounds) {
      last = std::max(last * ratio >> 16, least);
      cost.bytes += last;
    }
  }
  cost.copying = time_for(cost.bytes, bandwidth);
  cost.stopped = time_for(last, bandwidth) + way.overhead;
  return cost;
}

void Ways::learn(Rank host, bool near, Moved const& figures) {
  auto const typical = typical_.find(near);
  auto const before = typical != typical_.end() ? typical->second : Way{};
  auto const known = known_.find({host, near});
  auto const fresh = learned(known != known_.end() ? known->second : before, figures);
  known_.insert_or_assign({host, near}, fresh);
  typical_.insert_or_assign(near, learned(before, figures));
}

Way Ways::to(Rank host, bool near) const {
  if (auto const at = known_.find({host, near}); at != known_.end()) return at->second;
  if (auto const at = typical_.find(near); at != typical_.end()) return at->second;
  return {};
}

}  // namespace godwit::policy
