#include "explorer/search.hpp"

#include <algorithm>
#include <deque>
#include <unordered_set>

#include "explorer/world.hpp"

namespace godwit::explorer {

namespace {

struct Origin {  // of a state: the one before it, and which of the acts that were possible there
  std::uint32_t before{0};
  std::uint16_t act{0};
};

std::vector<std::string> tell(Scenario const& scenario, std::vector<Origin> const& origins,
                              std::uint32_t state) {
  std::vector<std::uint16_t> way;
  for (; state != 0; state = origins[state].before) way.push_back(origins[state].act);
  std::ranges::reverse(way);
  World world(scenario);
  std::vector<std::string> story;
  for (auto const number : way) {
    auto& line = story.emplace_back();
    auto const act = world.acts().at(number);
    world.act(act, &line);
  }
  return story;
}

struct Visit {
  World world;
  std::uint32_t state;
  std::uint32_t depth;
};

}  // namespace

Findings explore(Scenario const& scenario, SearchSettings settings) {
  Findings found;
  std::vector<Origin> origins(1);
  std::unordered_set<std::uint64_t> seen;
  std::deque<Visit> open;
  open.push_back({World(scenario), 0, 0});
  seen.insert(open.front().world.key());
  auto const stop = [&](std::string why, std::uint32_t state) {
    found.wrong = std::move(why);
    found.story = tell(scenario, origins, state);
    found.whole = false;
  };
  while (!open.empty()) {
    auto const at = settings.wide ? std::move(open.front()) : std::move(open.back());
    settings.wide ? open.pop_front() : open.pop_back();
    ++found.states;
    found.depth = std::max<std::size_t>(found.depth, at.depth);
    auto const acts = at.world.acts();
    if (std::ranges::none_of(acts, &Act::by_itself)) {
      ++found.quiet;
      if (auto why = at.world.unfinished(); !why.empty()) {
        stop(std::move(why), at.state);
        return found;
      }
    }
    if (settings.states_max != 0 && found.states >= settings.states_max) {
      found.whole = false;
      return found;
    }
    for (std::size_t i = 0; i < acts.size(); ++i) {
      auto next = at.world;
      next.act(acts[i]);
      ++found.transitions;
      auto why = next.violation();
      if (why.empty() && !seen.insert(next.key()).second) continue;
      auto const state = static_cast<std::uint32_t>(origins.size());
      origins.push_back({at.state, static_cast<std::uint16_t>(i)});
      if (!why.empty()) {
        stop(std::move(why), state);
        return found;
      }
      open.push_back({std::move(next), state, at.depth + 1});
    }
  }
  return found;
}

}  // namespace godwit::explorer
