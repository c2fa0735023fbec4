// Queue: jobs that the allocator has granted to this host ahead of a free slot, in the order in which they came.
// None of them has a capsule yet. A job waits here at one epoch only.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "message/message.hpp"

namespace godwit::host {

class Queue {
 public:
  void put(msg::StartJob start);
  [[nodiscard]] msg::StartJob take();  // the first
  [[nodiscard]] msg::StartJob const& front() const { return line_.front(); }  // of a line that isn't empty
  void drop(JobId job);                // if it waits here
  void clear();

  [[nodiscard]] std::optional<Epoch> epoch_of(JobId job) const;  // none: it doesn't wait here
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }

  template <class F>
  void each(F function) const {
    for (auto const& start : line_) {
      if (waits(start)) function(start);
    }
  }

 private:
  [[nodiscard]] bool waits(msg::StartJob const& start) const { return epoch_of(start.job) == start.epoch; }
  void skip_dropped();

  std::deque<msg::StartJob> line_;  // those dropped stay until they come first
  std::map<JobId, Epoch> waiting_;
};

}  // namespace godwit::host
