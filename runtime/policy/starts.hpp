// Starts: jobs that run, in the order of their starts. Most come at the end, and go wherever they are: who has gone leaves a
// gap, and gaps are closed when there are more of them than jobs.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace godwit::policy {

inline constexpr Instant for_ever{std::numeric_limits<std::int64_t>::max()};

class Starts {
 public:
  void insert(Instant at, JobId job) {
    Start const start{at, job};
    if (all_.empty() || all_.back() < start) {
      all_.push_back(start);
    } else {
      auto const place = std::ranges::lower_bound(all_, start);
      first_ = std::min(first_, static_cast<std::size_t>(place - all_.begin()));
      all_.insert(place, start);
    }
  }
  void erase(Instant at, JobId job) {
    auto const found = std::ranges::lower_bound(all_, Start{at, job});
    if (found == all_.end() || *found != Start{at, job} || found->gone) return;
    found->gone = true;
    while (first_ < all_.size() && all_[first_].gone) ++first_;
    ++gaps_;
    if (2 * gaps_ > all_.size()) close_gaps();
  }

  // for_ever: none.
  [[nodiscard]] Instant first() const { return all_.empty() ? for_ever : all_[first_].at; }
  // Of those that started by then, the latest first.
  template <class Condition>
  [[nodiscard]] std::optional<JobId> latest_that(Instant by, Condition holds) const {
    auto const end = std::ranges::upper_bound(all_, by, {}, &Start::at);
    for (auto at = end; at != all_.begin();) {
      --at;
      if (!at->gone && holds(at->job)) return at->job;
    }
    return std::nullopt;
  }

 private:
  struct Start {
    Instant at;
    JobId job;
    bool gone{false};

    bool operator==(Start const& other) const { return at == other.at && job == other.job; }
    std::strong_ordering operator<=>(Start const& other) const {
      return at != other.at ? at <=> other.at : job <=> other.job;
    }
  };

  void close_gaps() {
    std::erase_if(all_, [](Start const& one) { return one.gone; });
    gaps_ = first_ = 0;
  }

  std::vector<Start> all_;
  std::size_t gaps_{0}, first_{0};  // of them; the first that isn't one
};

}  // namespace godwit::policy
