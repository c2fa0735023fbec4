// StepTimes: a histogram of how long steps took, four buckets to the octave, so that a quantile is exact
// to an eighth. One process adds, another may read at any time.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

#include "base/time.hpp"

namespace godwit {

class StepTimes {
 public:
  void add(Duration step) {
    auto& bucket = counts_[bucket_of(static_cast<std::uint64_t>(step.count() > 0 ? step.count() : 0))];
    bucket.store(bucket.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  // The time that `per_mille` of the steps didn't exceed; 0 if there were none.
  [[nodiscard]] Duration quantile(std::uint64_t per_mille) const {
    std::uint64_t total = 0;
    for (auto const& count : counts_) total += count.load(std::memory_order_relaxed);
    auto rank = (total * per_mille + 999) / 1000;
    if (total == 0) return Duration{0};
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      auto const here = counts_[i].load(std::memory_order_relaxed);
      if (here >= rank) return Duration{static_cast<std::int64_t>(middle_of(i))};
      rank -= here;
    }
    return Duration{static_cast<std::int64_t>(middle_of(counts_.size() - 1))};
  }

 private:
  static std::size_t bucket_of(std::uint64_t ns) {
    if (ns < 4) return ns;
    auto const octave = static_cast<std::size_t>(std::bit_width(ns)) - 1;  // ≥ 2
    return (octave - 1) * 4 + ((ns >> (octave - 2)) & 3);
  }
  static std::uint64_t middle_of(std::size_t bucket) {
    if (bucket < 4) return bucket;
    auto const octave = bucket / 4 + 1;
    auto const width = std::uint64_t{1} << (octave - 2);
    return (std::uint64_t{1} << octave) + (bucket % 4) * width + width / 2;
  }

  std::array<std::atomic<std::uint64_t>, 252> counts_{};  // up to 2^63 ns
};

}  // namespace godwit
