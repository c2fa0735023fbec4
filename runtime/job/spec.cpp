#include "job/spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/result.hpp"
#include "job/arguments.hpp"
#include "job/nearest.hpp"

namespace godwit {

namespace {

template <class Number>
bool reads_as(std::string_view text) {
  Number value{};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

char const* wanted(ParameterKind kind) {
  switch (kind) {
    case ParameterKind::text:
      return "a text";
    case ParameterKind::integer:
      return "a whole number";
    case ParameterKind::real:
      return "a number";
    case ParameterKind::boolean:
      return "true or false";
  }
  return "a value";
}

std::string describe(ParameterInfo const& parameter) {
  if (parameter.help.empty()) return wanted(parameter.kind);
  return fmt::format("{}: {}", wanted(parameter.kind), parameter.help);
}

std::string unknown(std::string const& name, std::vector<std::string> const& known) {
  auto const near = nearest_name(name, known);
  if (!near.empty()) return fmt::format("no parameter '{}' (did you mean '{}'?)", name, near);
  if (known.empty()) return fmt::format("no parameter '{}' (it takes none)", name);
  return fmt::format("no parameter '{}' (it takes {})", name, fmt::join(known, ", "));
}

}  // namespace

// The same spellings as Parameters::parse takes; the member's width is known to the plugin only.
bool well_formed(ParameterKind kind, std::string_view text) {
  switch (kind) {
    case ParameterKind::text:
      return true;
    case ParameterKind::integer:
      return reads_as<std::int64_t>(text) || reads_as<std::uint64_t>(text);
    case ParameterKind::real:
      return reads_as<double>(text);
    case ParameterKind::boolean:
      return text == "true" || text == "yes" || text == "1" || text == "false" || text == "no" || text == "0";
  }
  return false;
}

Status check_arguments(JobType const& type, std::map<std::string, std::string> const& arguments) {
  std::vector<std::string> known;
  for (auto const& parameter : type.parameters) known.push_back(parameter.name);

  std::vector<std::string> faults;
  for (auto const& [name, value] : arguments) {
    auto const parameter = std::ranges::find(type.parameters, name, &ParameterInfo::name);
    if (parameter == type.parameters.end()) {
      faults.push_back(unknown(name, known));
    } else if (!well_formed(parameter->kind, value)) {
      faults.push_back(fmt::format("{}='{}' is malformed ({})", name, value, describe(*parameter)));
    }
  }
  for (auto const& parameter : type.parameters) {
    if (!parameter.fallback && !arguments.contains(parameter.name)) {
      faults.push_back(fmt::format("{}=… is missing ({})", parameter.name, describe(parameter)));
    }
  }
  if (faults.empty()) return Done{};
  return reject("bad_arguments", fmt::format("{}: {}", type.name, fmt::join(faults, "; ")));
}

Demand demand_of(JobSpec const& spec) {
  Demand demand{spec.cores, spec.memory_bytes, spec.resources, spec.labels, spec.host, spec.together, spec.apart};
  std::ranges::sort(demand.labels);
  return demand;
}

char const* to_string(JobState state) {
  switch (state) {
    case JobState::waiting:
      return "WAITING";
    case JobState::starting:
      return "STARTING";
    case JobState::running:
      return "RUNNING";
    case JobState::migrating:
      return "MIGRATING";
    case JobState::suspended:
      return "SUSPENDED";
    case JobState::finished:
      return "FINISHED";
    case JobState::failed:
      return "FAILED";
    case JobState::cancelled:
      return "CANCELLED";
    case JobState::held:
      return "HELD";
    case JobState::stranded:
      return "STRANDED";
  }
  return "UNKNOWN";
}

}  // namespace godwit
