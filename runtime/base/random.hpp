// xoshiro256** (Blackman & Vigna 2018), seeded by splitmix64: small, fast, and its state is four
// words that travel in an image. Not for secrets. Satisfies UniformRandomBitGenerator.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>

namespace godwit {

class Random {
 public:
  using result_type = std::uint64_t;
  using Words = std::array<std::uint64_t, 4>;

  explicit Random(std::uint64_t seed = 0) {
    for (auto& word : words_) {
      seed += 0x9e3779b97f4a7c15ULL;
      auto z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
      word = z ^ (z >> 31);
    }
  }
  explicit Random(Words words) : words_(words) {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  result_type operator()() {
    auto const result = std::rotl(words_[1] * 5, 7) * 9;
    auto const shifted = words_[1] << 17;
    words_[2] ^= words_[0];
    words_[3] ^= words_[1];
    words_[1] ^= words_[2];
    words_[0] ^= words_[3];
    words_[2] ^= shifted;
    words_[3] = std::rotl(words_[3], 45);
    return result;
  }
  // Uniform in [0, bound), bound ≥ 1 (Lemire's multiply-shift; bias < 2^-32 for bounds < 2^32).
  std::uint64_t below(std::uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>((*this)()) * bound) >> 64);
  }
  // Uniform in [0, 1), 53 bits.
  double uniform() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

  [[nodiscard]] Words const& words() const { return words_; }

 private:
  Words words_{};
};

}  // namespace godwit
