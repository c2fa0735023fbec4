#include "host/identities.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/result.hpp"

namespace godwit::host {

Identities::Identities(Names const& all) {
  for (auto const& [resource, names] : all) {
    for (auto const& name : names) all_[resource].push_back({name});
  }
}

bool Identities::suffices(Counts const& wanted, bool free_only) const {
  return std::ranges::all_of(wanted, [&](auto const& one) {
    auto const at = all_.find(one.first);
    if (at == all_.end()) return one.second <= 0;
    return std::ranges::count_if(at->second, [&](One const& each) { return !free_only || !each.taken; }) >=
           one.second;
  });
}

bool Identities::ever(Counts const& wanted) const {
  return suffices(wanted, false);
}

bool Identities::free(Counts const& wanted) const {
  return suffices(wanted, true);
}

Identities::Names Identities::take(Counts const& wanted) {
  invariant(free(wanted), "identities that aren't free are handed out");
  Names taken;
  for (auto const& [resource, count] : wanted) {
    auto left = count;
    for (auto& each : all_[resource]) {
      if (left <= 0 || each.taken) continue;
      each.taken = true;
      taken[resource].push_back(each.name);
      --left;
    }
  }
  return taken;
}

void Identities::give_back(Names const& taken) {
  for (auto const& [resource, names] : taken) {
    for (auto& each : all_.at(resource)) {
      if (std::ranges::find(names, each.name) != names.end()) each.taken = false;
    }
  }
}

std::map<std::string, std::string> environment_of(Identities::Names const& taken) {
  std::map<std::string, std::string> environment;
  for (auto const& [resource, names] : taken) {
    std::string variable = "GODWIT_RESOURCE_";
    for (char const c : resource) {
      bool const lower = c >= 'a' && c <= 'z';
      bool const plain = lower || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      variable += !plain ? '_' : lower ? static_cast<char>(c - 'a' + 'A') : c;
    }
    environment[variable] = fmt::format("{}", fmt::join(names, ","));
    if (resource == "gpu") environment["CUDA_VISIBLE_DEVICES"] = environment[variable];
  }
  return environment;
}

}  // namespace godwit::host
