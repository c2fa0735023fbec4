// godwit-explore: every world that can come of a scenario, visited and checked. Exit code 1: something is
// wrong, and how it came to that is told; 2: the command line is.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "explorer/search.hpp"

namespace godwit::explorer {
namespace {

constexpr char const* usage =
    "usage: godwit-explore [OPTION…]\n"
    "  --hosts N --jobs N            the world: 3 hosts, 1 job\n"
    "  --moves N --cancels N --refusals N --finishes N --crashes N\n"
    "  --host-deaths N --allocator-deaths N --cut-offs N\n"
    "                                how often each may happen, at any point: 2 moves, nothing else\n"
    "  --ring                        moves go 1 → 2 → 3 → 1 only\n"
    "  --defect NAME                 thaws_by_itself, thaws_overtaken, ignores_epochs, obeys_old_terms, "
    "fences_at_once,\n"
    "                                renews_with_stale, sends_before_durable, forgets_reports, "
    "trusts_silence\n"
    "  --wide                        a shortest way to what is wrong, for more memory\n"
    "  --states-max N                give up after so many\n";

int run(std::vector<std::string_view> const& words) {
  Scenario scenario;
  SearchSettings settings;
  std::map<std::string_view, std::uint8_t*> const budgets{
      {"--moves", &scenario.budget.moves},       {"--cancels", &scenario.budget.cancels},
      {"--refusals", &scenario.budget.refusals}, {"--finishes", &scenario.budget.finishes},
      {"--crashes", &scenario.budget.crashes},   {"--host-deaths", &scenario.budget.host_deaths},
      {"--cut-offs", &scenario.budget.cut_offs}, {"--allocator-deaths", &scenario.budget.allocator_deaths}};
  for (std::size_t i = 0; i < words.size(); ++i) {
    auto const word = words[i];
    if (word == "--ring") {
      scenario.ring = true;
      continue;
    }
    if (word == "--wide") {
      settings.wide = true;
      continue;
    }
    auto const value = i + 1 < words.size() ? words[++i] : std::string_view{};
    std::uint64_t number = 0;
    bool const is_number =
        std::from_chars(value.data(), value.data() + value.size(), number).ec == std::errc{} &&
        !value.empty();
    if (auto const defect = defect_named(value); word == "--defect" && defect) {
      scenario.defect = *defect;
    } else if (auto const budget = budgets.find(word); budget != budgets.end() && is_number && number < 100) {
      *budget->second = static_cast<std::uint8_t>(number);
    } else if (word == "--hosts" && is_number && number >= 1 && number <= 5) {
      scenario.hosts = static_cast<int>(number);
    } else if (word == "--jobs" && is_number && number >= 1 && number <= 5) {
      scenario.jobs = static_cast<int>(number);
    } else if (word == "--states-max" && is_number) {
      settings.states_max = number;
    } else {
      fmt::print(stderr, "godwit-explore: what is '{}' '{}'?\n{}", word, value, usage);
      return 2;
    }
  }
  auto const began = std::chrono::steady_clock::now();
  auto const found = explore(scenario, settings);
  auto const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  fmt::print("{} states, {} transitions, {} quiet, longest way {}, {:.1f} s{}\n", found.states,
             found.transitions, found.quiet, found.depth, seconds, found.whole ? "" : ", not all");
  if (found.wrong.empty()) return 0;
  fmt::print("wrong: {}\n", found.wrong);
  for (std::size_t i = 0; i < found.story.size(); ++i) fmt::print("{:4}. {}\n", i + 1, found.story[i]);
  return 1;
}

}  // namespace
}  // namespace godwit::explorer

int main(int argc, char** argv) {
  return godwit::explorer::run(std::vector<std::string_view>(argv + 1, argv + argc));
}
