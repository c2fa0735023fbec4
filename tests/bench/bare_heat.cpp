// The loop of jobs/heat.cpp in a bare program: what `heat` under Godwit is compared with. For each line of standard
// input, "n steps", prints the seconds that the steps took; the memory is touched before.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <numbers>
#include <vector>

#include <godwit/array.hpp>

namespace {

class Bare {
 public:
  explicit Bare(std::uint64_t n) : n_(n), memory_((n + 1) * (n + 1)), next_((n + 1) * (n + 1)) {
    godwit::ArrayBase& base = u_;
    base.bind(memory_.data(), {n + 1, n + 1});
    auto const h = 1.0 / static_cast<double>(n_);
    for (std::uint64_t i = 1; i < n_; ++i) {
      for (std::uint64_t j = 1; j < n_; ++j) {
        u_(i, j) = std::sin(std::numbers::pi * h * static_cast<double>(i)) *
                   std::sin(std::numbers::pi * h * static_cast<double>(j));
      }
    }
  }

  void step() {
    auto const width = n_ + 1;
    for (std::uint64_t i = 1; i < n_; ++i) {
      for (std::uint64_t j = 1; j < n_; ++j) {
        next_[i * width + j] =
            u_(i, j) + r_ * (u_(i + 1, j) + u_(i - 1, j) + u_(i, j + 1) + u_(i, j - 1) - 4 * u_(i, j));
      }
    }
    for (std::uint64_t i = 1; i < n_; ++i) {
      for (std::uint64_t j = 1; j < n_; ++j) u_(i, j) = next_[i * width + j];
    }
  }
  [[nodiscard]] double middle() const { return u_(n_ / 2, n_ / 2); }

 private:
  std::uint64_t n_;
  double r_ = 0.2;
  std::vector<double> memory_, next_;
  godwit::Array<double> u_;
};

}  // namespace

int main() {
  std::uint64_t n = 0, steps = 0;
  while (std::cin >> n >> steps) {
    Bare bare(n);
    auto const begin = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < steps; ++i) bare.step();
    auto const took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::fprintf(stderr, "u(1/2,1/2) = %.15f\n", bare.middle());
    std::printf("%.6f\n", took);
    std::fflush(stdout);
  }
}
