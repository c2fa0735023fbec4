// StagingPool: touched memory into which arenas are copied, so that a job stands still only for a
// memcpy. Fresh memory would cost many times that: buffers are kept between checkpoints, and reserve()
// touches them ahead of time.
//
// Bounded: the buffers together never exceed `bytes_max`; idle ones give way to a larger one that is
// asked for. All calls may come from any thread; a Staging must not outlive its pool.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/bytes.hpp"

namespace godwit {

class StagingPool;

class Staging {  // a buffer on loan; goes back to its pool
 public:
  Staging() = default;
  Staging(StagingPool& pool, std::span<std::byte> memory) : pool_(&pool), memory_(memory) {}
  ~Staging();
  Staging(Staging&& other) noexcept;
  Staging& operator=(Staging&& other) noexcept;
  Staging(Staging const&) = delete;
  Staging& operator=(Staging const&) = delete;

  [[nodiscard]] std::span<std::byte> memory() const { return memory_; }  // at least what was asked for
  [[nodiscard]] bool empty() const { return memory_.empty(); }

 private:
  StagingPool* pool_ = nullptr;
  std::span<std::byte> memory_;
};

class StagingPool {
 public:
  explicit StagingPool(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  ~StagingPool();
  StagingPool(StagingPool const&) = delete;
  StagingPool& operator=(StagingPool const&) = delete;

  // Touched memory. Waits while others hold too much of the pool; empty if it could never fit, or if
  // the system has no memory.
  [[nodiscard]] Staging take(std::uint64_t bytes);
  // Has an idle buffer of this size ready, if there is room for one now.
  void reserve(std::uint64_t bytes);
  [[nodiscard]] std::uint64_t held_bytes() const;

 private:
  friend class Staging;
  using Memory = std::span<std::byte>;

  void give_back(Memory memory);
  bool make_room(std::uint64_t bytes);
  Memory take_idle(std::uint64_t bytes);
  Memory map(std::uint64_t bytes, std::unique_lock<std::mutex>& lock);

  std::uint64_t const bytes_max_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::uint64_t held_bytes_{0};  // idle and on loan
  std::vector<Memory> idle_;
};

}  // namespace godwit
