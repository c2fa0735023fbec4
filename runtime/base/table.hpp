// Table: values by id, each found with one look into memory, whatever their number; a tree takes one for each of its
// levels. Nobody can go through it but in the order of the ids, so nothing can come to depend on another.
//
// Ids lie where their hash says, or in the next free slot after it. `none` is an id that nothing has. What is found is
// good until the next insertion or removal.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/panic.hpp"

namespace godwit {

template <class Key, Key none, class Value>
class Table {
 public:
  struct Entry {
    Key first{none};
    Value second{};
  };

  Table() = default;
  Table(Table const&) = default;
  Table& operator=(Table const&) = default;
  Table(Table&& other) noexcept : slots_(std::move(other.slots_)), used_(std::exchange(other.used_, 0)) {}
  Table& operator=(Table&& other) noexcept {
    slots_ = std::move(other.slots_);
    used_ = std::exchange(other.used_, 0);
    return *this;
  }

  // end(): it isn't there.
  [[nodiscard]] Entry* find(Key key) { return slots_.empty() || key == none ? nullptr : found(slots_[slot_of(key)]); }
  [[nodiscard]] Entry const* find(Key key) const {
    return slots_.empty() || key == none ? nullptr : found(slots_[slot_of(key)]);
  }
  [[nodiscard]] static Entry* end() { return nullptr; }
  [[nodiscard]] bool contains(Key key) const { return find(key) != nullptr; }
  [[nodiscard]] Value& at(Key key) { return there(find(key)).second; }
  [[nodiscard]] Value const& at(Key key) const { return there(find(key)).second; }
  // All, the lowest first: for what is done seldom.
  [[nodiscard]] std::vector<Key> keys() const {
    std::vector<Key> keys;
    for (auto const& entry : slots_) {
      if (entry.first != none) keys.push_back(entry.first);
    }
    std::ranges::sort(keys);
    return keys;
  }
  [[nodiscard]] std::size_t size() const { return used_; }

  Value& operator[](Key key) { return try_emplace(key).first->second; }
  std::pair<Entry*, bool> try_emplace(Key key) {
    invariant(key != none, "a table has no place for no id");
    if (auto* const known = find(key)) return {known, false};
    if (4 * (used_ + 1) > 3 * slots_.size()) grow();
    auto& slot = slots_[slot_of(key)];
    slot.first = key;
    ++used_;
    return {&slot, true};
  }

  bool erase(Key key) {
    auto* const entry = find(key);
    if (entry != nullptr) erase(entry);
    return entry != nullptr;
  }
  // Those after it that would be looked for from here or before move up.
  void erase(Entry* entry) {
    auto hole = static_cast<std::size_t>(entry - slots_.data());
    for (auto at = next(hole); slots_[at].first != none; at = next(at)) {
      auto const from_home = (at - home_of(slots_[at].first)) & mask();
      if (from_home < ((at - hole) & mask())) continue;
      slots_[hole] = std::move(slots_[at]);
      hole = at;
    }
    slots_[hole] = Entry{};
    --used_;
  }
  void clear() {
    slots_.clear();
    used_ = 0;
  }

 private:
  static constexpr std::size_t fewest = 16;

  template <class Slot>
  [[nodiscard]] static Slot* found(Slot& slot) { return slot.first == none ? nullptr : &slot; }
  template <class Slot>
  [[nodiscard]] static Slot& there(Slot* slot) {
    invariant(slot != nullptr, "what is asked for is there");
    return *slot;
  }
  [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }
  [[nodiscard]] std::size_t next(std::size_t slot) const { return (slot + 1) & mask(); }
  [[nodiscard]] std::size_t home_of(Key key) const {
    auto const mixed = static_cast<std::uint64_t>(key.value) * 0x9E37'79B9'7F4A'7C15;
    return (mixed ^ mixed >> 32) & mask();
  }
  // Where it is, or would be.
  [[nodiscard]] std::size_t slot_of(Key key) const {
    auto at = home_of(key);
    while (slots_[at].first != key && slots_[at].first != none) at = next(at);
    return at;
  }

  void grow() {
    auto former = std::exchange(slots_, std::vector<Entry>(slots_.empty() ? fewest : 2 * slots_.size()));
    for (auto& entry : former) {
      if (entry.first != none) slots_[slot_of(entry.first)] = std::move(entry);
    }
  }

  std::vector<Entry> slots_;  // a power of two of them, at most three quarters used
  std::size_t used_{0};
};

template <class Value>
using JobTable = Table<JobId, JobId{}, Value>;
template <class Value>
using RankTable = Table<Rank, no_rank, Value>;

}  // namespace godwit
