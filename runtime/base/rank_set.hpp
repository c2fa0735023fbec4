// RankSet: ranks, as bits: a thousand hosts in two lines of the cache. In order, the lowest first.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ids.hpp"
#include "base/panic.hpp"

namespace godwit {

class RankSet {
 public:
  class Iterator {
   public:
    Iterator(RankSet const& of, Rank at) : of_(of), at_(at) {}
    Rank operator*() const { return at_; }
    Iterator& operator++() {
      at_ = of_.from(at_.next());
      return *this;
    }
    bool operator==(Iterator const& other) const { return at_ == other.at_; }

   private:
    RankSet const& of_;
    Rank at_;
  };

  // True: that has changed something.
  bool insert(Rank rank) {
    invariant(rank >= Rank{0}, "no rank is in no set");
    auto const word = word_of(rank);
    if (word >= words_.size()) words_.resize(word + 1);
    if ((words_[word] & bit_of(rank)) != 0) return false;
    words_[word] |= bit_of(rank);
    ++size_;
    return true;
  }
  bool erase(Rank rank) {
    if (!contains(rank)) return false;
    words_[word_of(rank)] &= ~bit_of(rank);
    --size_;
    return true;
  }
  [[nodiscard]] bool contains(Rank rank) const {
    return rank >= Rank{0} && word_of(rank) < words_.size() && (words_[word_of(rank)] & bit_of(rank)) != 0;
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }

  [[nodiscard]] Iterator begin() const { return {*this, from(Rank{0})}; }
  [[nodiscard]] Iterator end() const { return {*this, no_rank}; }

 private:
  static constexpr std::size_t bits = 64;

  static std::size_t word_of(Rank rank) { return static_cast<std::size_t>(rank.value) / bits; }
  static std::uint64_t bit_of(Rank rank) { return std::uint64_t{1} << static_cast<std::size_t>(rank.value) % bits; }

  // The lowest that isn't below that one.
  [[nodiscard]] Rank from(Rank least) const {
    auto word = word_of(least);
    if (size_ == 0 || word >= words_.size()) return no_rank;
    auto left = words_[word] & ~(bit_of(least) - 1);
    while (left == 0) {
      if (++word == words_.size()) return no_rank;
      left = words_[word];
    }
    return Rank{static_cast<std::int32_t>(word * bits) + std::countr_zero(left)};
  }

  std::vector<std::uint64_t> words_;
  std::size_t size_{0};
};

}  // namespace godwit
