// JobCounts: how many jobs are in which state, as users see it: starting and moving count as running.
#pragma once

#include <cstdint>

#include "base/panic.hpp"
#include "job/spec.hpp"

namespace godwit {

struct JobCounts {
  std::uint64_t waiting{0};
  std::uint64_t running{0};  // and starting or migrating
  std::uint64_t suspended{0};
  std::uint64_t finished{0};
  std::uint64_t failed{0};
  std::uint64_t cancelled{0};
  std::uint64_t stranded{0};
  std::uint64_t held{0};

  [[nodiscard]] std::uint64_t ended() const { return finished + failed + cancelled; }
  [[nodiscard]] std::uint64_t live() const { return waiting + running + suspended + stranded + held; }
  [[nodiscard]] std::uint64_t all() const { return live() + ended(); }

  // The count that a job in this state is part of.
  [[nodiscard]] std::uint64_t& of(JobState state) {
    switch (state) {
      case JobState::waiting:
        return waiting;
      case JobState::starting:
      case JobState::running:
      case JobState::migrating:
        return running;
      case JobState::suspended:
        return suspended;
      case JobState::finished:
        return finished;
      case JobState::failed:
        return failed;
      case JobState::cancelled:
        return cancelled;
      case JobState::stranded:
        return stranded;
      case JobState::held:
        return held;
    }
    panic("a job in no state");
  }
  [[nodiscard]] std::uint64_t of(JobState state) const { return const_cast<JobCounts*>(this)->of(state); }

  JobCounts& operator+=(JobCounts const& other) {
    waiting += other.waiting;
    running += other.running;
    suspended += other.suspended;
    finished += other.finished;
    failed += other.failed;
    cancelled += other.cancelled;
    stranded += other.stranded;
    held += other.held;
    return *this;
  }
  bool operator==(JobCounts const&) const = default;
};

}  // namespace godwit
