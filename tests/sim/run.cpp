#include "sim/run.hpp"

#include <fmt/format.h>

namespace godwit::sim {

Verdict run(Scenario const& scenario, Abilities abilities, Trace::Listener listener) {
  Verdict verdict;
  Universe universe(scenario, abilities, std::move(listener));
  try {
    universe.run();
  } catch (Wrong const& why) {
    verdict.failure = why.what();
  } catch (std::exception const& thrown) {  // by the core: nothing there may
    verdict.failure = thrown.what();
  }
  verdict.digest = universe.trace().digest();
  verdict.events = universe.scheduler().events();
  verdict.time = universe.scheduler().now();
  verdict.jobs = universe.audit().ledger().counts().all();
  verdict.steps = universe.census().steps_run();
  verdict.job_time = universe.census().job_time();
  verdict.takeovers = universe.takeovers();
  verdict.faults = universe.faults();
  return verdict;
}

Verdict run_twice(Scenario const& scenario, Abilities abilities) {
  auto first = run(scenario, abilities);
  auto const second = run(scenario, abilities);
  if (!first.failure && (first.digest != second.digest || second.failure)) {
    first.failure = fmt::format("two runs differ: {:x} and {:x}", first.digest, second.digest);
  }
  return first;
}

namespace {

// Tries to leave out runs of `size` items, from the end.
template <class Items, class Fails>
bool drop(Items& items, std::size_t size, int& tries, Fails const& fails) {
  bool any = false;
  for (auto at = items.size(); at > 0 && tries > 0;) {
    auto const first = at >= size ? at - size : 0;
    auto kept = items;
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(first), items.begin() + static_cast<std::ptrdiff_t>(at));
    --tries;
    fails() ? any = true, void() : void(items = std::move(kept));
    at = first;
  }
  return any;
}

}  // namespace

Scenario shrink(Scenario scenario, Abilities abilities, int tries) {
  auto const fails = [&] { return run(scenario, abilities).failure.has_value(); };
  for (bool smaller = true; smaller && tries > 0;) {
    smaller = false;
    for (auto size = std::max<std::size_t>(1, scenario.actions.size() / 2);; size /= 2) {
      smaller = drop(scenario.actions, size, tries, fails) || smaller;
      if (size <= 1) break;
    }
    // A plan that nobody submits any more is no burden; shorter ones and simpler worlds are easier to read.
    for (auto& plan : scenario.plans) {
      auto const attempt = [&](auto change) {
        auto const kept = plan;
        change();
        if (plan.work.steps == kept.work.steps && plan.elements == kept.elements && plan.work.outputs == kept.work.outputs) return;
        --tries;
        if (fails()) smaller = true; else plan = kept;
      };
      if (plan.work.end == Work::End::finishes && plan.work.steps > 4) attempt([&] { plan.work.steps /= 2; });
      if (plan.elements > 1) attempt([&] { plan.elements = 1; });
      if (plan.work.outputs > 0) attempt([&] { plan.work.outputs = 0; });
    }
    if (scenario.hosts > 2 && tries > 0) {
      --scenario.hosts;
      --tries;
      if (fails()) smaller = true; else ++scenario.hosts;
    }
  }
  return scenario;
}

}  // namespace godwit::sim
