// What the flags of `godwit simulate` say.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace godwit::cli {

struct SimulateWishes {
  std::string trace, generate;
  std::vector<std::string> policies;
  std::int32_t processors{0}, hosts{0};
  std::string by{"user"};
  std::vector<std::string> shares;
  std::string interval{"60s"}, quantum{"60s"};
  std::int64_t margin{0};
  bool preempt{false}, pure{false};
  double util{0.25};
  std::int64_t quanta{60'000};
  std::uint64_t jobs{1'000'000};
  std::int32_t threshold{2}, probes{3};
  std::uint64_t seed{1};
  std::size_t top{10};
  std::string csv, plot;
};

void add_simulate_options(CLI::App& verb, SimulateWishes& wishes);

}  // namespace godwit::cli
