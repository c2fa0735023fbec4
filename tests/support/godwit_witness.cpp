// godwit-witness DIR [--no-repeats] [--clone JOB]…: checks what capsules wrote under GODWIT_WITNESS=DIR.
// Prints how much there was; exits 1 with the faults if any job had two runners, or lost or doubled a step.
#include <fmt/format.h>

#include <set>
#include <string_view>

#include "support/witness.hpp"

int main(int argc, char** argv) {
  using namespace godwit::testing;
  bool strict = false, understood = argc >= 2;
  std::set<std::string> clones;
  for (int i = 2; i < argc && understood; ++i) {
    std::string_view const word = argv[i];
    if (word == "--no-repeats") {
      strict = true;
    } else if (word == "--clone" && i + 1 < argc) {
      clones.insert(argv[++i]);
    } else {
      understood = false;
    }
  }
  if (!understood) {
    fmt::print(stderr, "usage: godwit-witness DIR [--no-repeats] [--clone JOB]…\n");
    return 2;
  }
  std::vector<std::string> faults;
  auto const testimonies = read_witness(argv[1], faults);
  std::set<std::string> jobs;
  std::set<std::string> runners;
  std::uint64_t steps = 0;
  for (auto const& t : testimonies) {
    jobs.insert(t.job);
    runners.insert(t.runner);
    steps += t.last + 1 - t.first;
  }
  for (auto& fault : check_witness(testimonies, strict ? Repeats::forbidden : Repeats::allowed, clones)) {
    faults.push_back(std::move(fault));
  }
  for (auto const& fault : faults) fmt::print(stderr, "{}\n", fault);
  fmt::print("{} steps of {} jobs in {} processes: {}\n", steps, jobs.size(), runners.size(),
             faults.empty() ? "one runner each" : fmt::format("{} faults", faults.size()));
  return faults.empty() ? 0 : 1;
}
