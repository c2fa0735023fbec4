// What a safe point costs when nothing is wanted: the very code that the step loop runs, against the same loop
// without it. For each line of standard input prints the nanoseconds that one takes.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>

#include "edge/capsules/inside/safe_point.hpp"

int main() {
  constexpr std::uint64_t rounds = 50'000'000;
  static godwit::ControlBlock block;
  godwit::inside::SafePoint safe_point(block);
  std::string line;
  std::uint64_t volatile work = 0;
  auto const timed = [](auto&& body) {
    auto const begin = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() /
           static_cast<double>(rounds);
  };
  while (std::getline(std::cin, line)) {
    auto const bare = timed([&] {
      for (std::uint64_t i = 0; i < rounds; ++i) work = i;
    });
    std::uint64_t interrupted = 0;
    auto const with = timed([&] {
      for (std::uint64_t i = 0; i < rounds; ++i) {
        work = i;
        if (!safe_point.quiet(i)) ++interrupted;
      }
    });
    if (interrupted > 0) std::fprintf(stderr, "%llu safe points weren't quiet\n", static_cast<unsigned long long>(interrupted));
    std::printf("%.4f\n", with - bare);
    std::fflush(stdout);
  }
}
