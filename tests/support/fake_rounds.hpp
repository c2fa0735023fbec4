// FakeRounds: the port Rounds, on plain memory: what is asked is done at once, and answered at the next poll. Which words
// a job has written it finds out by comparing with what it gathered there before; or nobody knows, and all rounds are
// whole.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "base/panic.hpp"
#include "port/rounds.hpp"

namespace godwit::test {

class FakeRounds final : public Rounds {
 public:
  static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
  explicit FakeRounds(std::uint64_t bytes_max = unlimited) : gathered_max(bytes_max) {}

  std::function<void()> on_event = [] {};
  bool knows_changes{true};
  std::uint64_t gathered_max;  // bytes, of all rounds that were gathered here together

  void gather(RequestId round, std::span<std::byte const> arena, WrittenPages*, bool whole) override {
    std::vector<msg::PageRange> ranges;
    if (!arena.empty()) ranges.push_back({0, arena.size()});
    auto& before = seen_[arena.data()];
    if (knows_changes && !whole) ranges = changes(before, arena);
    before.assign(arena.begin(), arena.end());
    Bytes memory;
    for (auto const& range : ranges) {
      auto const from = arena.subspan(range.offset, range.bytes);
      memory.insert(memory.end(), from.begin(), from.end());
    }
    if (memory.size() > gathered_max - gathered_bytes()) return say(rounds::Gathered{round, {}, true});
    rounds_[round] = {std::move(memory), true};
    say(rounds::Gathered{round, std::move(ranges)});
  }
  [[nodiscard]] std::span<std::byte> hold(RequestId round, std::uint64_t bytes) override {
    rounds_[round].memory.resize(bytes);
    return rounds_[round].memory;
  }
  [[nodiscard]] std::span<std::byte> memory(RequestId round) override { return rounds_.at(round).memory; }
  void scatter(RequestId round, std::vector<msg::PageRange> ranges, std::span<std::byte> arena) override {
    auto const& memory = rounds_.at(round).memory;
    std::size_t at = 0;
    for (auto const& range : ranges) {
      std::memcpy(arena.data() + range.offset, memory.data() + at, range.bytes);
      at += range.bytes;
    }
    say(rounds::Scattered{round});
  }
  void release(RequestId round) override { invariant(rounds_.erase(round) == 1, "a round is released once"); }
  void abandon(RequestId round) override { abandoned_.push_back(std::move(rounds_.extract(round).mapped().memory)); }
  std::vector<RoundEvent> poll() override { return std::exchange(events_, {}); }

  [[nodiscard]] std::size_t known() const { return rounds_.size(); }

 private:
  struct Round {
    Bytes memory;
    bool was_gathered{false};
  };

  [[nodiscard]] std::uint64_t gathered_bytes() const {
    std::uint64_t bytes = 0;
    for (auto const& [name, round] : rounds_) bytes += round.was_gathered ? round.memory.size() : 0;
    return bytes;
  }
  static std::vector<msg::PageRange> changes(Bytes const& before, std::span<std::byte const> now) {
    constexpr std::size_t word = 8;
    std::vector<msg::PageRange> ranges;
    for (std::size_t at = 0; at < now.size(); at += word) {
      auto const bytes = std::min(word, now.size() - at);
      if (at + bytes <= before.size() && std::memcmp(before.data() + at, now.data() + at, bytes) == 0) continue;
      ranges.push_back({at, bytes});
    }
    return ranges;
  }
  void say(RoundEvent event) {
    events_.push_back(std::move(event));
    on_event();
  }

  std::map<RequestId, Round> rounds_;
  std::vector<Bytes> abandoned_;
  std::map<std::byte const*, Bytes> seen_;  // as gathered last
  std::vector<RoundEvent> events_;
};

}  // namespace godwit::test
