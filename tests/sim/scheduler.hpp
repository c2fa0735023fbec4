// Scheduler: the order in which things happen in a simulation. Virtual time jumps to the next event; of those at
// the same instant the seed says which comes first. No event lies in the past. One thread.
//
// An event holds references to what it is about: whoever schedules one outlives it, or checks that it is still meant.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/panic.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

namespace godwit::sim {

// True time: since the simulation began. No rank can read it; ranks have clocks (clock.hpp).
using Moment = Duration;

class Scheduler {
 public:
  using Action = std::function<void()>;

  explicit Scheduler(std::uint64_t seed) : ties_(seed) {}

  [[nodiscard]] Moment now() const { return now_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }

  void at(Moment when, Action action) {
    invariant(when >= now_, "an event in the past");
    line_.push_back({when, ties_(), std::move(action)});
    std::ranges::push_heap(line_, later);
  }
  void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }

  // The next event happens. False: there is none.
  bool run_one() {
    if (line_.empty()) return false;
    std::ranges::pop_heap(line_, later);
    auto const next = std::move(line_.back());
    line_.pop_back();
    now_ = next.when;
    ++events_;
    next.action();
    return true;
  }

 private:
  struct Event {
    Moment when;
    std::uint64_t tie;
    Action action;
  };
  static bool later(Event const& a, Event const& b) {
    return a.when != b.when ? a.when > b.when : a.tie > b.tie;
  }

  Random ties_;
  std::vector<Event> line_;
  Moment now_{0};
  std::uint64_t events_{0};
};

}  // namespace godwit::sim
