#include "sim/work.hpp"

#include <fmt/format.h>

namespace godwit::sim {

namespace {

std::uint64_t number(JobSpec const& spec, char const* name) {
  auto const at = spec.arguments.find(name);
  return at == spec.arguments.end() ? 0 : std::stoull(at->second);
}

std::uint64_t mix(std::uint64_t word) {
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ULL;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebULL;
  return word ^ (word >> 31);
}

constexpr char const* numbers[] = {"steps", "cells",   "step_ns", "outputs", "chatter",
                                   "rest_every", "rest_ns", "end",     "end_at",  "roams_at"};

}  // namespace

Work Work::of(JobSpec const& spec) {
  Work work;
  work.key = spec.arguments.at("key");
  work.steps = number(spec, "steps");
  work.cells = number(spec, "cells");
  work.step = Duration{static_cast<std::int64_t>(number(spec, "step_ns"))};
  work.outputs = static_cast<std::uint32_t>(number(spec, "outputs"));
  work.chatter = number(spec, "chatter");
  work.rest_every = number(spec, "rest_every");
  work.rest = Duration{static_cast<std::int64_t>(number(spec, "rest_ns"))};
  work.end = static_cast<End>(number(spec, "end"));
  work.end_at = number(spec, "end_at");
  work.roams_at = number(spec, "roams_at");
  return work;
}

void Work::put_into(JobSpec& spec) const {
  spec.type = "work";
  auto const put = [&](char const* name, auto value) { spec.arguments[name] = std::to_string(value); };
  spec.arguments["key"] = key;
  put("steps", steps), put("cells", cells), put("step_ns", step.count()), put("outputs", outputs);
  put("chatter", chatter), put("rest_every", rest_every), put("rest_ns", rest.count());
  put("end", static_cast<int>(end)), put("end_at", end_at), put("roams_at", roams_at);
}

JobType Work::type() {
  JobType type;
  type.name = "work";
  type.plugin_digest = "d1";
  type.parameters.push_back({"key", "", ParameterKind::text, std::nullopt});
  for (auto const* name : numbers) type.parameters.push_back({name, "", ParameterKind::integer, "0"});
  type.methods.push_back({"steps", "", 0});
  return type;
}

std::vector<std::string> Work::paths(JobId clone) const {
  std::vector<std::string> all;
  for (std::uint32_t output = 0; output < outputs; ++output) {
    all.push_back(fmt::format("/out/{}.{}", key, output));
    if (clone != JobId{}) all.back() += fmt::format(".clone-{}", clone);
  }
  return all;
}

Duration Work::time_of(std::uint64_t step_number) const {
  auto const half = static_cast<std::uint64_t>(step.count()) / 2;
  return Duration{static_cast<std::int64_t>(half + mix(step_number * 31 + key.size()) % (2 * half + 1))};
}

Duration Work::time_of_steps() const {
  Duration all{0};
  for (std::uint64_t number = 1; number <= steps; ++number) all += time_of(number);
  return all;
}

Bytes Work::written_by(std::uint64_t step_number, std::uint32_t output) const {
  if (chatter == 0 || step_number % chatter != 0) return {};
  auto const line = fmt::format("{}/{}:{:x}\n", key, step_number, mix(step_number ^ output) & 0xffff);
  auto const bytes = std::as_bytes(std::span(line));
  return {bytes.begin(), bytes.end()};
}

Bytes Work::output_after(std::uint64_t steps_done, std::uint32_t output) const {
  Bytes all;
  for (std::uint64_t at = 1; at <= steps_done; ++at) {
    auto const line = written_by(at, output);
    all.insert(all.end(), line.begin(), line.end());
  }
  return all;
}

std::uint64_t Work::cell_after(std::uint64_t steps_done, std::uint64_t cell) const {
  auto const first = cell == 0 ? cells : cell;  // cell 0 is hit by the multiples of `cells`
  return steps_done < first ? 0 : (steps_done - first) / cells + 1;
}

}  // namespace godwit::sim
