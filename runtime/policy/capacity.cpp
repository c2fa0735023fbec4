#include "policy/capacity.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/figures.hpp"
#include "base/mutation.hpp"
#include "base/panic.hpp"

namespace godwit::policy {

namespace {

template <class Map, class Key, class Number>
void count_down(Map& map, Key const& key, Number by) {
  auto const at = map.find(key);
  invariant(at != map.end() && at->second >= by, "a room gets back no more than was taken");
  at->second -= by;
  if (at->second == 0) map.erase(at);
}

std::int32_t count_of(std::map<std::string, std::int32_t> const& counts, std::string const& name) {
  auto const at = counts.find(name);
  return at == counts.end() ? 0 : at->second;
}

std::int32_t number_of(Capabilities const& has, std::string const& resource) {
  auto const at = has.resources.find(resource);
  return at == has.resources.end() ? 0 : static_cast<std::int32_t>(at->second.size());
}

// The first label that it lacks.
std::optional<std::string> lacking(Capabilities const& has, Demand const& demand) {
  for (auto const& label : demand.labels) {
    if (!std::ranges::binary_search(has.labels, label)) return label;
  }
  return std::nullopt;
}

}  // namespace

void Room::take(Demand const& demand) {
  ++jobs_;
  cores_ += demand.cores;
  memory_bytes_ += demand.memory_bytes;
  for (auto const& [name, count] : demand.resources) {
    if (count > 0) resources_[name] += count;
  }
  if (!demand.together.empty()) ++groups_[demand.together];
  if (!demand.apart.empty()) ++groups_[demand.apart];
}

void Room::give_back(Demand const& demand) {
  invariant(jobs_ > 0 && memory_bytes_ >= demand.memory_bytes, "a room gets back no more than was taken");
  --jobs_;
  cores_ -= demand.cores;
  memory_bytes_ -= demand.memory_bytes;
  for (auto const& [name, count] : demand.resources) {
    if (count > 0) count_down(resources_, name, count);
  }
  if (!demand.together.empty()) count_down(groups_, demand.together, 1);
  if (!demand.apart.empty()) count_down(groups_, demand.apart, 1);
}

bool Room::fits(Demand const& demand, std::int32_t ahead) const {
  if (demand.cores > free_cores() + ahead && !mutated(Mutation::overfill_hosts)) return false;
  if (!has_memory_for(demand)) return false;
  for (auto const& [name, count] : demand.resources) {
    if (count > number_of(has_, name) - count_of(resources_, name)) return false;
  }
  if (!demand.apart.empty() && groups_.contains(demand.apart)) return false;
  return !lacking(has_, demand);
}

bool Room::has_memory_for(Demand const& demand) const {
  if (has_.memory_bytes == 0 || demand.memory_bytes == 0) return true;
  return memory_bytes_ <= has_.memory_bytes && demand.memory_bytes <= has_.memory_bytes - memory_bytes_;
}

std::optional<std::string> Room::never(Demand const& demand) const {
  if (demand.cores > has_.cores) return fmt::format("has {} cores", has_.cores);
  if (has_.memory_bytes > 0 && demand.memory_bytes > has_.memory_bytes) {
    return fmt::format("has {} of memory", spell_bytes(has_.memory_bytes));
  }
  for (auto const& [name, count] : demand.resources) {
    if (count > number_of(has_, name)) return fmt::format("has {} {}", number_of(has_, name), name);
  }
  if (auto const label = lacking(has_, demand)) return fmt::format("lacks the label {}", *label);
  return std::nullopt;
}

std::optional<std::string> Room::not_now(Demand const& demand) const {
  if (auto why = never(demand)) return why;
  if (demand.cores > free_cores()) {
    return fmt::format("{} of {} cores are free", std::max(free_cores(), 0), has_.cores);
  }
  if (!has_memory_for(demand)) {
    auto const free = has_.memory_bytes - std::min(memory_bytes_, has_.memory_bytes);
    return fmt::format("{} of {} of memory are free", spell_bytes(free), spell_bytes(has_.memory_bytes));
  }
  for (auto const& [name, count] : demand.resources) {
    auto const there = number_of(has_, name);
    auto const free = std::max(there - count_of(resources_, name), 0);
    if (count > free) return fmt::format("{} of {} {} are free", free, there, name);
  }
  if (!demand.apart.empty() && groups_.contains(demand.apart)) {
    return fmt::format("a job of the group {} is there", demand.apart);
  }
  return std::nullopt;
}

}  // namespace godwit::policy
