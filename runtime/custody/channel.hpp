// Channel: one end of what a host and its allocator say to each other, in a term, where it may go by a manager. Each end
// numbers what it says and keeps it until the other end has seen it; what comes in is handed on in order, each once.
//
// So the route may change at any time, and a manager may die with whatever it was carrying: what is unconfirmed is sent
// again by the new route. It holds what happens within about two heart-beats, for these and their answers confirm.
// A pure class; who sends, and when, is its owner's matter.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

namespace godwit::custody {

class Channel {
 public:
  struct Kept {
    std::uint64_t number{0};
    Bytes message;
  };

  // What is about to be sent; its number, from 1 on.
  std::uint64_t put(Bytes message);
  // The other end has seen all up to that.
  void confirm(std::uint64_t seen);
  [[nodiscard]] std::deque<Kept> const& unconfirmed() const { return unconfirmed_; }

  // What came in, as the other end numbered it: all that it completes, in order; nothing if it came before.
  [[nodiscard]] std::vector<Bytes> take(std::uint64_t number, Bytes message);
  [[nodiscard]] std::uint64_t seen() const { return seen_; }

 private:
  std::deque<Kept> unconfirmed_;
  std::uint64_t said_{0};
  std::map<std::uint64_t, Bytes> early_;  // those before them are still on their way
  std::uint64_t seen_{0};
};

}  // namespace godwit::custody
