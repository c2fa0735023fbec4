#include "edge/hdf5/staging.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace godwit {
namespace {

constexpr std::uint64_t huge_page_bytes = 2 << 20;

std::uint64_t rounded(std::uint64_t bytes) {
  auto const grain = bytes < huge_page_bytes ? std::uint64_t{4096} : huge_page_bytes;
  return (std::max<std::uint64_t>(bytes, 1) + grain - 1) / grain * grain;
}

}  // namespace

Staging::~Staging() {
  if (pool_ != nullptr) pool_->give_back(memory_);
}

Staging::Staging(Staging&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), memory_(std::exchange(other.memory_, {})) {}

Staging& Staging::operator=(Staging&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(memory_, other.memory_);
  return *this;
}

StagingPool::~StagingPool() {
  for (auto const memory : idle_) ::munmap(memory.data(), memory.size());
}

Staging StagingPool::take(std::uint64_t bytes) {
  bytes = rounded(bytes);
  if (bytes > bytes_max_) return {};
  std::unique_lock lock(mutex_);
  for (;;) {
    if (auto const memory = take_idle(bytes); !memory.empty()) return {*this, memory};
    if (make_room(bytes)) break;
    freed_.wait(lock);
  }
  auto const memory = map(bytes, lock);
  if (memory.empty()) return {};
  return {*this, memory};
}

void StagingPool::reserve(std::uint64_t bytes) {
  bytes = rounded(bytes);
  std::unique_lock lock(mutex_);
  auto const fits = [&](Memory memory) { return memory.size() >= bytes; };
  if (bytes > bytes_max_ || std::ranges::any_of(idle_, fits) || !make_room(bytes)) return;
  auto const memory = map(bytes, lock);
  if (!memory.empty()) idle_.push_back(memory);
  freed_.notify_all();
}

std::uint64_t StagingPool::held_bytes() const {
  std::lock_guard const lock(mutex_);
  return held_bytes_;
}

void StagingPool::give_back(Memory memory) {
  {
    std::lock_guard const lock(mutex_);
    idle_.push_back(memory);
  }
  freed_.notify_all();
}

// Unmaps idle buffers, smallest first, until a new one of this size may be mapped.
bool StagingPool::make_room(std::uint64_t bytes) {
  std::uint64_t idle_bytes = 0;
  for (auto const memory : idle_) idle_bytes += memory.size();
  if (held_bytes_ - idle_bytes + bytes > bytes_max_) return false;
  std::ranges::sort(idle_, std::greater{}, &Memory::size);
  while (held_bytes_ + bytes > bytes_max_) {
    auto const memory = idle_.back();
    idle_.pop_back();
    held_bytes_ -= memory.size();
    ::munmap(memory.data(), memory.size());
  }
  return true;
}

// The smallest idle buffer that is large enough.
StagingPool::Memory StagingPool::take_idle(std::uint64_t bytes) {
  auto best = idle_.end();
  for (auto it = idle_.begin(); it != idle_.end(); ++it) {
    if (it->size() >= bytes && (best == idle_.end() || it->size() < best->size())) best = it;
  }
  if (best == idle_.end()) return {};
  auto const memory = *best;
  idle_.erase(best);
  return memory;
}

// Maps and touches; the pool is unlocked meanwhile, since that takes a while.
StagingPool::Memory StagingPool::map(std::uint64_t bytes, std::unique_lock<std::mutex>& lock) {
  held_bytes_ += bytes;
  lock.unlock();
  void* const first = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (first != MAP_FAILED) {
    ::madvise(first, bytes, MADV_HUGEPAGE);
    std::memset(first, 1, bytes);  // not zero: a compiler or kernel may see through zeros
  }
  lock.lock();
  if (first == MAP_FAILED) {
    held_bytes_ -= bytes;
    freed_.notify_all();
    return {};
  }
  return {static_cast<std::byte*>(first), bytes};
}

}  // namespace godwit
