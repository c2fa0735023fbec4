// Faults: how much of what went wrong on purpose, by kind; and how much happened at all. For people and soaks.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace godwit::sim {

using Tally = std::map<std::string, std::uint64_t>;

inline void add(Tally& to, Tally const& more) {
  for (auto const& [kind, count] : more) to[kind] += count;
}

}  // namespace godwit::sim
