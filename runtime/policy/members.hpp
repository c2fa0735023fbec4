// Members: those of a group that may be served, and which of them goes first, where any may change its standing at any
// time. A tournament of pairs, their winners, and so on (a winner tree: Knuth, The Art of Computer Programming, volume 3,
// 5.4.1): who changes meets one rival in each round, and what is looked at lies together, which a search tree's nodes
// don't.
//
// The lowest standing goes first; of those that are level, whose `next` is the lowest, and no two have the same.
// Standings are the caller's, by node: `standing_of(node)`. Whose standing has changed must be told before another's is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "policy/share_tree.hpp"

namespace godwit::policy {

struct Branch;

class Members {
 public:
  using Seat = std::uint32_t;
  static constexpr Seat nobody = ~Seat{0};

  [[nodiscard]] bool empty() const { return first() == nobody; }
  [[nodiscard]] Seat first() const { return nodes_.empty() ? nobody : winner(1); }
  [[nodiscard]] JobId next() const { return empty() ? JobId{} : nexts_[first()]; }  // whose turn it is of them all
  [[nodiscard]] Branch* branch(Seat seat) const { return branches_[seat]; }

  template <class StandingOf>
  Seat add(Branch& branch, Node node, JobId next, StandingOf const& standing_of) {
    if (free_.empty()) grow(standing_of);
    auto const seat = free_.back();
    free_.pop_back();
    nodes_[seat] = node;
    branches_[seat] = &branch;
    nexts_[seat] = next;
    play(seat, standing_of);
    return seat;
  }
  // Its standing or its next is another.
  template <class StandingOf>
  void change(Seat seat, JobId next, StandingOf const& standing_of) {
    nexts_[seat] = next;
    play(seat, standing_of);
  }
  template <class StandingOf>
  void remove(Seat seat, StandingOf const& standing_of) {
    nodes_[seat] = none;
    free_.push_back(seat);
    play(seat, standing_of);
  }

  // In their order, as long as `visit(seat)` says so.
  template <class StandingOf, class Visit>
  void in_order(StandingOf const& standing_of, Visit visit) const {
    if (empty()) return;
    std::vector<std::size_t> open{1};  // places in the tree: the winner of each is still to come
    auto const later = [&](std::size_t a, std::size_t b) { return is_before(winner(b), winner(a), standing_of); };
    while (!open.empty()) {
      std::ranges::pop_heap(open, later);
      auto at = open.back();
      open.pop_back();
      auto const seat = winner(at);
      if (!visit(seat)) return;
      while (at < nodes_.size()) {
        at = 2 * at + (winner(2 * at) == seat ? 0 : 1);
        if (winner(at ^ 1) == nobody) continue;
        open.push_back(at ^ 1);
        std::ranges::push_heap(open, later);
      }
    }
  }

 private:
  static constexpr Node none = root;  // which is nobody's member
  static constexpr std::size_t fewest = 8;

  // Of a place in the tree: 1 is the root, 2n and 2n + 1 are below n; the seats are below them all.
  [[nodiscard]] Seat winner(std::size_t at) const {
    auto const seats = nodes_.size();
    if (at < seats) return winners_[at];
    return nodes_[at - seats] == none ? nobody : static_cast<Seat>(at - seats);
  }

  template <class StandingOf>
  [[nodiscard]] bool is_before(Seat a, Seat b, StandingOf const& standing_of) const {
    auto const x = standing_of(nodes_[a]), y = standing_of(nodes_[b]);
    return x != y ? x < y : nexts_[a] < nexts_[b];
  }

  template <class StandingOf>
  [[nodiscard]] Seat better(Seat a, Seat b, StandingOf const& standing_of) const {
    if (a == nobody || b == nobody) return a == nobody ? b : a;
    return is_before(b, a, standing_of) ? b : a;
  }

  // From its seat up. Where somebody else wins as before, nothing changes above.
  template <class StandingOf>
  void play(Seat seat, StandingOf const& standing_of) {
    auto best = nodes_[seat] == none ? nobody : seat;
    for (auto at = nodes_.size() + seat; at > 1; at /= 2) {
      best = better(best, winner(at ^ 1), standing_of);
      auto const former = std::exchange(winners_[at / 2], best);
      if (former == best && best != seat) return;
    }
  }

  template <class StandingOf>
  void grow(StandingOf const& standing_of) {
    auto const former = nodes_.size();
    auto const seats = std::max<std::size_t>(2 * former, fewest);
    nodes_.resize(seats, none);
    branches_.resize(seats);
    nexts_.resize(seats);
    winners_.resize(seats);
    for (auto seat = seats; seat-- > former;) free_.push_back(static_cast<Seat>(seat));
    for (auto at = seats; at-- > 1;) winners_[at] = better(winner(2 * at), winner(2 * at + 1), standing_of);
  }

  // By seat: a power of two of them.
  std::vector<Node> nodes_;
  std::vector<Branch*> branches_;
  std::vector<JobId> nexts_;
  std::vector<Seat> winners_;  // by place in the tree, from 1 on
  std::vector<Seat> free_;
};

}  // namespace godwit::policy
