// Reports: what this host told its allocator and the ledger must know, kept until the allocator says that it is
// there durably. A new allocator, which knows the ledger only, is told again what may be missing in it.
//
// Confirmed once per heart-beat, so it holds what happened within about one of them: bounded by what was granted,
// and by the checkpoints that can be taken within a lease.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <variant>

#include "message/message.hpp"

namespace godwit::host {

class Reports {
 public:
  using Report = std::variant<msg::JobStarted, msg::JobEnded, msg::Accepted, msg::Refused, msg::Departed, msg::Stayed,
                              msg::Checkpointed>;

  void add(Report report) { unconfirmed_.push_back(std::move(report)); }
  // So many of this term's are in the ledger.
  void confirm(std::uint64_t count) {
    for (; confirmed_ < count && !unconfirmed_.empty(); ++confirmed_) unconfirmed_.pop_front();
  }
  // They count anew: all that is kept is going to be sent again.
  void begin_term() { confirmed_ = 0; }
  [[nodiscard]] std::deque<Report> const& unconfirmed() const { return unconfirmed_; }

 private:
  std::deque<Report> unconfirmed_;  // in the order in which they were sent
  std::uint64_t confirmed_{0};      // of this term
};

}  // namespace godwit::host
