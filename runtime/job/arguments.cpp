#include "job/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "job/nearest.hpp"

namespace godwit {

namespace {

constexpr std::uint64_t combinations_max = 100'000;  // of the axes in one argument that are tried

bool mentions(std::string const& text, std::string const& axis) {
  return text.find("%{" + axis + "}") != std::string::npos;
}

bool mentioned(JobSpec const& spec, std::string const& axis) {
  auto const in_values = [&](auto const& map) {
    return std::ranges::any_of(map, [&](auto const& entry) { return mentions(entry.second, axis); });
  };
  return in_values(spec.arguments) || in_values(spec.environment) || mentions(spec.directory, axis) ||
         mentions(spec.stdout_path, axis) || mentions(spec.stderr_path, axis);
}

// The failure that a single job with this argument would get.
Status check_one(JobType const& type, ParameterInfo const& parameter, std::string const& value) {
  JobType only;
  only.name = type.name;
  only.parameters = {parameter};
  return check_arguments(only, {{parameter.name, value}});
}

Status check_axis(JobType const& type, ParameterInfo const& parameter, Axis const& axis) {
  if (parameter.kind == ParameterKind::text) return Done{};
  if (axis.count > 0 && parameter.kind != ParameterKind::boolean) return Done{};  // whole numbers
  for (std::uint64_t i = 0; i < axis.size(); ++i) {
    auto const value = axis.value(i);
    if (!well_formed(parameter.kind, value)) return check_one(type, parameter, value);
  }
  return Done{};
}

// An argument made of axes: with each combination of those that stand in it.
Status check_pattern(JobType const& type, ParameterInfo const& parameter, JobArray const& array) {
  auto const& pattern = array.spec.arguments.at(parameter.name);
  if (parameter.kind == ParameterKind::text || pattern.find('%') == std::string::npos) return Done{};
  JobArray part;
  part.spec.arguments = {{parameter.name, pattern}};
  part.spec.cores = array.spec.cores;
  for (auto const& axis : array.axes) {
    if (!mentions(pattern, axis.name)) continue;
    part.axes.push_back(axis);
    part.axes.back().argument = false;
  }
  auto const all = part.axes.empty() ? 0 : std::min(part.size(), combinations_max);
  for (std::uint64_t i = 1; i <= all; ++i) {
    auto const value = part.element(static_cast<std::uint32_t>(i)).arguments.at(parameter.name);
    if (!well_formed(parameter.kind, value)) return check_one(type, parameter, value);
  }
  return Done{};
}

}  // namespace

Status bind_array(JobType const& type, JobArray& array) {
  if (auto checked = check_array(array); !checked) return checked;
  std::vector<std::string> known;
  for (auto const& parameter : type.parameters) known.push_back(parameter.name);
  for (auto& axis : array.axes) {
    axis.argument = std::ranges::find(known, axis.name) != known.end();
    if (axis.argument && array.spec.arguments.contains(axis.name)) {
      return reject("bad_array",
                    fmt::format("'{}' is both an axis of the array and an argument: which?", axis.name));
    }
    if (axis.argument || mentioned(array.spec, axis.name)) continue;
    if (auto const near = nearest_name(axis.name, known); !near.empty()) {
      return reject("bad_array",
                    fmt::format("axis '{}' is no parameter of {}, and %{{{}}} stands nowhere (did you mean "
                                "'{}'?)",
                                axis.name, type.name, axis.name, near));
    }
  }
  auto const first = check_arguments(type, array.element(1).arguments);
  if (!first || !array.is_array()) return first;
  for (auto const& parameter : type.parameters) {
    auto const axis = std::ranges::find(array.axes, parameter.name, &Axis::name);
    if (axis != array.axes.end()) {
      if (auto checked = check_axis(type, parameter, *axis); !checked) return checked;
    } else if (array.spec.arguments.contains(parameter.name)) {
      if (auto checked = check_pattern(type, parameter, array); !checked) return checked;
    }
  }
  return Done{};
}

}  // namespace godwit
