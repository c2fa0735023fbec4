#include "edge/capsules/round_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace godwit {
namespace {

constexpr std::uint64_t page_bytes = tracked_page_bytes;

std::uint64_t total(std::vector<msg::PageRange> const& ranges) {
  std::uint64_t bytes = 0;
  for (auto const& range : ranges) bytes += range.bytes;
  return bytes;
}

std::vector<msg::PageRange> ranges_of(PageRuns const& runs, std::uint64_t arena_bytes) {
  std::vector<msg::PageRange> ranges;
  for (auto const& run : runs) {
    auto const from = run.first * page_bytes;
    if (from >= arena_bytes) break;
    ranges.push_back({from, std::min(run.count * page_bytes, arena_bytes - from)});
  }
  return ranges;
}

}  // namespace

RoundMemory::~RoundMemory() {
  for (auto const buffer : idle_) ::munmap(buffer.data(), buffer.size());
}

// Asked for what was written even where all is wanted: the next answer is of what comes after this.
void RoundMemory::gather(RequestId round, std::span<std::byte const> arena, WrittenPages* written, bool whole) {
  worker_.post([=, this] {
    auto const runs = written != nullptr ? written->take(WrittenPages::Reader::partner, arena.size()) : std::nullopt;
    auto ranges = runs && !whole ? ranges_of(*runs, arena.size()) : std::vector<msg::PageRange>{};
    if ((!runs || whole) && !arena.empty()) ranges.push_back({0, arena.size()});
    gathered(round, arena, std::move(ranges));
  });
}

void RoundMemory::gathered(RequestId round, std::span<std::byte const> arena, std::vector<msg::PageRange> ranges) {
  auto const bytes = total(ranges);
  Memory buffer;
  {
    std::lock_guard const lock(mutex_);
    if (gathered_bytes_ + bytes <= bytes_max_) buffer = take(bytes);
    if (!buffer.empty()) {
      gathered_bytes_ += bytes;
      rounds_[round] = {buffer, bytes, true};
    }
  }
  if (buffer.empty() && bytes > 0) return mail_.put(rounds::Gathered{round, {}, true});
  auto to = buffer;
  for (auto const& range : ranges) {
    std::memcpy(to.data(), arena.data() + range.offset, range.bytes);
    to = to.subspan(range.bytes);
  }
  mail_.put(rounds::Gathered{round, std::move(ranges)});
}

std::span<std::byte> RoundMemory::hold(RequestId round, std::uint64_t bytes) {
  std::lock_guard const lock(mutex_);
  auto const buffer = take(bytes);
  if (buffer.empty()) return {};
  rounds_[round] = {buffer, bytes};
  return buffer.first(bytes);
}

std::span<std::byte> RoundMemory::memory(RequestId round) {
  std::lock_guard const lock(mutex_);
  auto const at = rounds_.find(round);
  if (at == rounds_.end()) return {};
  return at->second.buffer.first(at->second.bytes);
}

void RoundMemory::scatter(RequestId round, std::vector<msg::PageRange> ranges, std::span<std::byte> arena) {
  worker_.post([=, this, from = memory(round)]() mutable {
    for (auto const& range : ranges) {
      std::memcpy(arena.data() + range.offset, from.data(), range.bytes);
      from = from.subspan(range.bytes);
    }
    mail_.put(rounds::Scattered{round});
  });
}

void RoundMemory::release(RequestId round) {
  std::lock_guard const lock(mutex_);
  auto const at = rounds_.find(round);
  if (at == rounds_.end()) return;
  if (at->second.was_gathered) gathered_bytes_ -= at->second.bytes;
  give_back(at->second.buffer);
  rounds_.erase(at);
}

// Its memory is never given back, not even to the system.
void RoundMemory::abandon(RequestId round) {
  std::lock_guard const lock(mutex_);
  auto const at = rounds_.find(round);
  if (at == rounds_.end()) return;
  if (at->second.was_gathered) gathered_bytes_ -= at->second.bytes;
  rounds_.erase(at);
}

// The smallest idle buffer that is large enough, and not by far too large; else fresh memory.
RoundMemory::Memory RoundMemory::take(std::uint64_t bytes) {
  if (bytes == 0) return {};
  auto best = idle_.end();
  for (auto at = idle_.begin(); at != idle_.end(); ++at) {
    if (at->size() >= bytes && (best == idle_.end() || at->size() < best->size())) best = at;
  }
  if (best != idle_.end() && best->size() / 4 <= bytes) {
    auto const buffer = *best;
    idle_.erase(best);
    return buffer;
  }
  auto const size = (bytes + page_bytes - 1) / page_bytes * page_bytes;
  void* const first = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (first == MAP_FAILED) return {};
  return {static_cast<std::byte*>(first), size};
}

// Of idle ones no more is kept than would be gathered at most: the oldest go first.
void RoundMemory::give_back(Memory buffer) {
  if (buffer.empty()) return;
  idle_.push_back(buffer);
  std::uint64_t idle_bytes = 0;
  for (auto const one : idle_) idle_bytes += one.size();
  while (idle_bytes > bytes_max_) {
    auto const oldest = idle_.front();
    idle_bytes -= oldest.size();
    idle_.erase(idle_.begin());
    ::munmap(oldest.data(), oldest.size());
  }
}

}  // namespace godwit
