// godwit-sim: runs seeds of the simulator.
//   --seed N [--trace] [--shrink] [--show]     one seed, as a replay
//   --seeds A..B                               these, in order
//   --minutes M [--base B]                     as many from B on as there is time for
// A failure prints the seed and the command that replays it. Exit code 1: there was one.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "sim/run.hpp"

namespace godwit::sim {
namespace {

struct Options {
  std::optional<std::uint64_t> seed;
  std::string seeds;
  double minutes{0};
  std::uint64_t base{1}, stride{1};
  bool trace{false}, shrink{false}, show{false}, once{false}, go_on{false};
  Range range;
};

Abilities const abilities;

void report(std::uint64_t seed, Verdict const& verdict) {
  fmt::print("seed {} FAILED at commit {}: {}\n  replay: godwit-sim --seed {} --trace   (smaller: --shrink)\n", seed,
             GODWIT_COMMIT, *verdict.failure, seed);
  std::fflush(stdout);
}

int one(Options const& options) {
  auto scenario = draw(*options.seed, options.range);
  if (options.shrink) {
    if (!run(scenario, abilities).failure) {
      fmt::print("seed {} doesn't fail: there is nothing to shrink\n", *options.seed);
      return 0;
    }
    scenario = shrink(std::move(scenario), abilities);
  }
  if (options.show || options.shrink) fmt::print("{}", describe(scenario));
  auto const listener = options.trace ? Trace::Listener([](std::string const& line) { fmt::print("{}\n", line); }) : nullptr;
  auto const verdict = run(scenario, abilities, listener);
  fmt::print("seed {}: {} events, {} jobs, {} steps, {:.1f} s of virtual time, digest {:016x}\n", *options.seed,
             verdict.events, verdict.jobs, verdict.steps, std::chrono::duration<double>(verdict.time).count(), verdict.digest);
  if (!verdict.failure) return 0;
  report(*options.seed, verdict);
  return 1;
}

int many(Options const& options) {
  using Clock = std::chrono::steady_clock;
  auto first = options.base;
  auto last = UINT64_MAX;
  if (!options.seeds.empty()) {
    auto const dots = options.seeds.find("..");
    first = std::stoull(options.seeds.substr(0, dots));
    last = dots == std::string::npos ? first : std::stoull(options.seeds.substr(dots + 2));
  }
  auto const began = Clock::now();
  auto const left = [&] {
    return options.seeds.empty() ? Clock::now() - began < std::chrono::duration<double>(options.minutes * 60) : true;
  };
  std::uint64_t seeds = 0, failures = 0, events = 0, jobs = 0, troubles = 0, takeovers = 0;
  Duration job_time{0};
  std::vector<std::uint64_t> sizes;
  Tally faults;
  for (auto seed = first; seed <= last && left(); seed += options.stride) {
    auto const scenario = draw(seed, options.range);
    auto const verdict = options.once ? run(scenario, abilities) : run_twice(scenario, abilities);
    ++seeds;
    events += verdict.events, jobs += verdict.jobs, job_time += verdict.job_time;
    for (auto const& [kind, count] : verdict.faults) troubles += count;
    takeovers += verdict.takeovers;
    sizes.push_back(verdict.events);
    add(faults, verdict.faults);
    if (!verdict.failure) continue;
    report(seed, verdict);
    ++failures;
    if (!options.go_on) break;
  }
  std::chrono::duration<double> const wall = Clock::now() - began;
  std::ranges::sort(sizes);
  auto const some = static_cast<double>(std::max<std::uint64_t>(seeds, 1));
  fmt::print("seeds {} failures {} wall {:.1f} s, {:.0f} seeds/min; median events {}, jobs {:.1f}, faults {:.1f} a seed; "
             "{:.2f} simulated job-hours per second\n",
             seeds, failures, wall.count(), static_cast<double>(seeds) * 60 / wall.count(),
             sizes.empty() ? 0 : sizes[sizes.size() / 2], static_cast<double>(jobs) / some,
             static_cast<double>(troubles) / some,
             std::chrono::duration<double, std::ratio<3600>>(job_time).count() / wall.count());
  fmt::print("  {} times another took over\n", takeovers);
  for (auto const& [kind, count] : faults) fmt::print("  fault {:<28} {}\n", kind, count);
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace godwit::sim

int main(int argc, char** argv) {
  godwit::sim::Options options;
  CLI::App app("Runs seeds of the simulator");
  app.add_option("--seed", options.seed, "one seed");
  app.add_option("--seeds", options.seeds, "A..B");
  app.add_option("--minutes", options.minutes, "for so long");
  app.add_option("--base", options.base, "the first seed");
  app.add_option("--stride", options.stride, "the next one is so much further");
  app.add_flag("--trace", options.trace, "say what happens");
  app.add_flag("--shrink", options.shrink, "find a smaller scenario that fails");
  app.add_flag("--show", options.show, "print the scenario");
  app.add_flag("--once", options.once, "run each seed once: don't compare two runs");
  app.add_flag("!--no-limits", options.range.limits, "without limits of jobs: what the first regression seeds mean");
  app.add_flag("--go-on", options.go_on, "after a failure");
  app.add_flag("!--no-shares", options.range.shares, "without accounts, policies and drains: what older regression seeds mean");
  app.add_flag("!--no-names", options.range.names, "files' names are durable at once: what regression seeds mean");
  app.add_flag("!--no-managers", options.range.managers, "each host speaks for itself: what older regression seeds mean");
  app.add_flag("!--no-balance", options.range.balance, "without goals for which jobs are moved: what older regression seeds mean");
  app.add_flag("!--no-probing", options.range.probing, "hosts don't look for each other: what older regression seeds mean");
  app.add_flag("!--no-partners", options.range.partners, "no copies in other hosts' memory: what older regression seeds mean");
  app.add_flag("--succession", options.range.succession, "allocators die, stall and are cut off, and others take over");
  CLI11_PARSE(app, argc, argv);
  return options.seed ? godwit::sim::one(options) : godwit::sim::many(options);
}
