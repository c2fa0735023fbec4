// ControlBlock: the page that host and capsule share, for what must cost the job nothing to publish and
// the host nothing to read. Lock-free atomics only, so that it works between processes; either side
// may die at any instant.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "edge/capsules/link/step_times.hpp"

namespace godwit {

// What the capsule has saved of the memfd behind stdout or stderr: bytes [0, drained) are in the file, at
// file_base + their position.
struct CaptureMarks {
  std::atomic<std::uint64_t> file_base{0};
  std::atomic<std::uint64_t> drained{0};
};

struct ControlBlock {
  // Host → capsule. `wanted`: somebody waits for the next safe point; the capsule clears it, then reads
  // its socket, so it is set after the command was sent. `chores`: save what was printed, in passing.
  alignas(64) std::atomic<std::uint32_t> wanted{0};
  std::atomic<std::uint32_t> chores{0};
  std::atomic<std::int64_t> lease_until_ns{std::numeric_limits<std::int64_t>::max()};  // CLOCK_BOOTTIME

  // Capsule → host. `taken`: the order is being carried out. `running`: the job that was to start at once does,
  // and its report may still be held back.
  alignas(64) std::atomic<std::uint64_t> steps{0};
  std::atomic<std::uint32_t> taken{0};
  std::atomic<std::uint32_t> running{0};
  std::atomic<std::uint32_t> steps_vary{0};  // its type says that their number depends on time
  std::atomic<std::uint64_t> epoch{0};  // at which it was told to run
  std::atomic<std::int64_t> safe_point_ns{0};  // the last one, CLOCK_BOOTTIME, exact to a clock tick
  std::atomic<std::uint32_t> waits{0};         // no step is running: idle, suspended, frozen, or without a lease
  std::atomic<std::int64_t> ran_ns{0};         // running time up to `runs_since_ns`
  std::atomic<std::int64_t> runs_since_ns{0};  // CLOCK_BOOTTIME; 0: the time doesn't count now
  std::atomic<std::uint64_t> arena_bytes{0};   // in use, from offset 0
  std::atomic<std::uint64_t> forks{0};         // children that have its memory, and whose writes nobody sees
  std::atomic<std::uint64_t> progress_done{0};
  std::atomic<std::uint64_t> progress_total{0};
  std::array<std::atomic<std::uint64_t>, 4> progress_unit{};  // up to 32 bytes of text, zero-padded
  std::array<CaptureMarks, 2> captured;                       // stdout, stderr
  StepTimes step_times;

  [[nodiscard]] Duration running_time(Instant now) const {
    auto const since = runs_since_ns.load(std::memory_order_acquire);
    Duration const before{ran_ns.load(std::memory_order_acquire)};
    return since == 0 ? before : before + (now - Instant{since});
  }
  void set_unit(std::string_view unit) {
    char text[sizeof progress_unit] = {};
    std::memcpy(text, unit.data(), std::min(unit.size(), sizeof text));
    for (std::size_t i = 0; i < progress_unit.size(); ++i) {
      std::uint64_t word = 0;
      std::memcpy(&word, text + i * sizeof word, sizeof word);
      progress_unit[i].store(word, std::memory_order_relaxed);
    }
  }
  [[nodiscard]] std::string unit() const {
    char text[sizeof progress_unit + 1] = {};
    for (std::size_t i = 0; i < progress_unit.size(); ++i) {
      auto const word = progress_unit[i].load(std::memory_order_relaxed);
      std::memcpy(text + i * sizeof word, &word, sizeof word);
    }
    return text;
  }
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace godwit
