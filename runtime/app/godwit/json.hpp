// Answers as JSON, for --json. Keys are those of docs and stay stable; times are ISO 8601 in UTC or
// null, durations are in milliseconds under names that end in _ms, sizes in bytes.
#pragma once

#include <nlohmann/json.hpp>

#include "base/result.hpp"
#include "message/command.hpp"

namespace godwit::cli {

using Json = nlohmann::ordered_json;

[[nodiscard]] Json json_of(JobId job);  // 7, or "7_3" for an element of an array
[[nodiscard]] Json json_of(cmd::JobRow const& row);
[[nodiscard]] Json json_of(cmd::JobCounts const& counts);
[[nodiscard]] Json json_of(cmd::HeldRow const& row);
[[nodiscard]] Json json_of(Axis const& axis);
[[nodiscard]] Json json_of(Dependency const& one);
[[nodiscard]] Json json_of(cmd::HostRow const& row);
[[nodiscard]] Json json_of(cmd::ShareRow const& row);
[[nodiscard]] Json json_of(cmd::Explanation const& row);
[[nodiscard]] Json json_of(cmd::Drained const& drained);
[[nodiscard]] Json json_of(cmd::Act const& act);
[[nodiscard]] Json json_of(JobType const& type);
[[nodiscard]] Json json_of(Failure const& failure);

// Of those that jobs may take there.
[[nodiscard]] std::int32_t free_cores_of(cmd::HostRow const& row);

// An array of them.
template <class Rows>
Json json_list(Rows const& rows) {
  auto list = Json::array();
  for (auto const& row : rows) list.push_back(json_of(row));
  return list;
}

// On stdout, indented; bytes that aren't UTF-8 are replaced.
void print_json(Json const& document);

[[nodiscard]] char const* to_string(Ending ending);       // "finished"
[[nodiscard]] char const* to_string(ParameterKind kind);  // "whole number"

}  // namespace godwit::cli
