// HostOrder: the hosts that a demand fits on, in the order in which the goal has them. Many are loaded alike: they are
// one set, so that a host that comes, goes or changes costs as little as there are different loads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "base/rank_set.hpp"

namespace godwit::policy {

// Load is taken / cores, compared without dividing.
struct HostPlace {
  std::int64_t taken{0};  // negative: the most loaded first
  std::int64_t cores{1};
  Rank host;

  bool operator==(HostPlace const&) const = default;
  [[nodiscard]] bool is_less_loaded(HostPlace const& other) const { return taken * other.cores < other.taken * cores; }
  bool operator<(HostPlace const& other) const {
    return is_less_loaded(other) || (!other.is_less_loaded(*this) && host < other.host);
  }
};

class HostOrder {
 public:
  void insert(HostPlace const& place) { size_ += alike_[place].insert(place.host) ? 1 : 0; }
  void erase(HostPlace const& place) {
    auto const at = alike_.find(place);
    if (at == alike_.end() || !at->second.erase(place.host)) return;
    --size_;
    if (at->second.empty() && alike_.size() > kept_max) alike_.erase(at);
  }
  void clear() {
    alike_.clear();
    size_ = 0;
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }

  template <class Condition>
  [[nodiscard]] std::optional<Rank> first_that(Condition holds) const {
    for (auto const& [load, hosts] : alike_) {
      for (auto const host : hosts) {
        if (holds(host)) return host;
      }
    }
    return std::nullopt;
  }

 private:
  struct LessLoaded {
    bool operator()(HostPlace const& a, HostPlace const& b) const { return a.is_less_loaded(b); }
  };

  static constexpr std::size_t kept_max = 32;  // with those that are empty: there will be hosts of that load again

  std::map<HostPlace, RankSet, LessLoaded> alike_;  // by any of them
  std::size_t size_{0};
};

}  // namespace godwit::policy
