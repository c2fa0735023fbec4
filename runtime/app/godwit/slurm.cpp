#include "app/godwit/slurm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sstream>

#include "app/godwit/output_of.hpp"

namespace godwit::cli {
namespace {

// A number at the front of `text`, which loses it.
std::optional<std::int32_t> take_number(std::string_view& text) {
  std::int32_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

constexpr std::int32_t nodes_max = 100'000;

Failure not_understood(char const* variable, std::string const& value) {
  return reject("slurm",
                fmt::format("{}={} in this Slurm allocation isn't understood; give --hosts and --slots, and "
                            "unset it to start without Slurm",
                            variable, value));
}

}  // namespace

std::optional<std::vector<std::int32_t>> counts_of(std::string_view text) {
  std::vector<std::int32_t> counts;
  do {
    auto const count = take_number(text);
    if (!count) return std::nullopt;
    std::optional<std::int32_t> times = 1;
    if (take(text, "(x")) {
      times = take_number(text);
      if (!take(text, ")")) return std::nullopt;
    }
    if (!times || *times > nodes_max) return std::nullopt;
    counts.insert(counts.end(), static_cast<std::size_t>(*times), *count);
  } while (take(text, ","));
  if (!text.empty()) return std::nullopt;
  return counts;
}

std::int32_t SlurmAllocation::hosts() const {
  std::int32_t count = 0;
  for (auto const& node : nodes) count += node.hosts;
  return count;
}

std::int32_t SlurmAllocation::slots() const {
  std::int32_t least = 0;
  for (auto const& node : nodes) {
    if (node.hosts == 0) continue;
    auto const share = node.cores / node.hosts;
    auto const mine = std::max(1, cores_per_task > 0 ? std::min(cores_per_task, std::max(share, 1)) : share);
    least = least == 0 ? mine : std::min(least, mine);
  }
  return least;
}

SlurmAllocation SlurmAllocation::with_hosts(std::int32_t count) const {
  auto changed = *this;
  changed.cores_per_task = 0;
  auto const among = std::min(static_cast<std::int32_t>(nodes.size()), count);
  changed.nodes.resize(static_cast<std::size_t>(among));
  for (std::int32_t i = 0; i < among; ++i) {
    changed.nodes[static_cast<std::size_t>(i)].hosts = count / among + (i < count % among ? 1 : 0);
  }
  return changed;
}

std::vector<std::string> SlurmAllocation::places() const {
  std::vector<std::string> places{nodes.front().name};
  for (auto const& node : nodes) places.insert(places.end(), static_cast<std::size_t>(node.hosts), node.name);
  return places;
}

Result<std::optional<SlurmAllocation>> slurm_allocation(
    Environment const& environment,
    std::function<Result<std::vector<std::string>>(std::string const& list)> const& names) {
  auto const job = environment("SLURM_JOB_ID");
  auto const list = environment("SLURM_JOB_NODELIST");
  if (!job || !list) return std::optional<SlurmAllocation>();
  auto const expanded = names(*list);
  if (!expanded) return expanded.failure();
  if (expanded->empty()) return not_understood("SLURM_JOB_NODELIST", *list);

  SlurmAllocation allocation{.job = *job};
  for (auto const& name : *expanded) allocation.nodes.push_back({.name = name});
  // A count for each node goes to one member of it.
  auto const spread = [&](char const* variable, std::int32_t SlurmNode::*to) -> Status {
    auto const text = environment(variable);
    if (!text) return Done{};
    auto const counts = counts_of(*text);
    if (!counts || counts->size() != allocation.nodes.size()) return not_understood(variable, *text);
    for (std::size_t i = 0; i < counts->size(); ++i) allocation.nodes[i].*to = (*counts)[i];
    return Done{};
  };
  if (auto status = spread("SLURM_JOB_CPUS_PER_NODE", &SlurmNode::cores); !status) return status.failure();
  if (environment("SLURM_NTASKS") || environment("SLURM_NTASKS_PER_NODE")) {
    if (auto status = spread("SLURM_TASKS_PER_NODE", &SlurmNode::hosts); !status) return status.failure();
  }
  if (auto const text = environment("SLURM_CPUS_PER_TASK")) {
    std::string_view rest = *text;
    auto const cores = take_number(rest);
    if (!cores || !rest.empty()) return not_understood("SLURM_CPUS_PER_TASK", *text);
    allocation.cores_per_task = *cores;
  }
  return std::optional(allocation);
}

Result<std::optional<SlurmAllocation>> slurm_allocation_here() {
  auto const environment = [](char const* name) -> std::optional<std::string> {
    auto const* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
  return slurm_allocation(environment, [](std::string const& list) -> Result<std::vector<std::string>> {
    auto const output = output_of({"scontrol", "show", "hostnames", list});
    if (!output) return output.failure();
    std::istringstream in(*output);
    std::vector<std::string> names;
    for (std::string name; in >> name;) names.push_back(name);
    return names;
  });
}

}  // namespace godwit::cli
