#include "app/workload/axes.hpp"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>

#include "app/workload/words.hpp"

namespace godwit {
namespace {

Failure malformed(std::string_view text) {
  return reject("bad_range", fmt::format("'{}' is not a range; expected such as 1..100 or 1..100..5", text));
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  auto const* last = text.data() + text.size();
  auto const [end, error] = std::from_chars(text.data(), last, number);
  // Far from the ends of 64 bits, so that sums and differences of them stay inside.
  constexpr std::int64_t most = 1'000'000'000'000'000'000;
  if (error != std::errc{} || end != last || number > most || number < -most) return std::nullopt;
  return number;
}

Result<Axis> range_of(std::string_view text, std::optional<std::int64_t> first,
                      std::optional<std::int64_t> last, std::optional<std::int64_t> step) {
  if (!first || !last || !step) return malformed(text);
  if (*step == 0) return reject("bad_range", fmt::format("'{}': the step can't be 0", text));
  if (*first != *last && (*first < *last) != (*step > 0)) {
    return reject("bad_range",
                  fmt::format("'{}' ends before it begins; a step such as {}..{}..{} {}", text, *first, *last,
                              *step > 0 ? -1 : 1, *step > 0 ? "counts down" : "counts up"));
  }
  auto const count = static_cast<std::uint64_t>((*last - *first) / *step) + 1;
  if (count > elements_max) {
    return reject("bad_range",
                  fmt::format("'{}' has {} values; at most {} are allowed", text, count, elements_max));
  }
  Axis axis;
  axis.first = *first;
  axis.step = *step;
  axis.count = static_cast<std::uint32_t>(count);
  return axis;
}

// "7-9" and "7-9:2", as batch systems spell it; nothing if it doesn't look like one.
std::optional<Result<Axis>> dashed_range(std::string_view text) {
  auto const dash = text.find('-', 1);
  if (dash == std::string_view::npos) return std::nullopt;
  auto const colon = std::min(text.find(':', dash), text.size());
  auto const first = whole_number(text.substr(0, dash));
  auto const last = whole_number(text.substr(dash + 1, colon - dash - 1));
  if (!first || !last) return std::nullopt;
  return range_of(
      text, first, last,
      colon == text.size() ? std::optional<std::int64_t>(1) : whole_number(text.substr(colon + 1)));
}

// A single part of a --array; nothing if it is a plain value.
std::optional<Result<Axis>> any_range(std::string_view text) {
  if (text.find("..") != std::string_view::npos) return parse_range(text);
  return dashed_range(text);
}

std::string escaped(std::string const& path) {
  std::string all;
  for (char const c : path) {
    if (std::strchr("*?[]\\", c) != nullptr) all += '\\';
    all += c;
  }
  return all;
}

}  // namespace

Status check_axis_name(std::string_view name) {
  if (name == "cores") {
    return reject("bad_axis", "an axis can't be called 'cores': %{cores} stands for the job's cores");
  }
  if (!is_name(name)) {
    return reject("bad_axis", fmt::format("'{}' can't be an axis's name; use letters, digits, '_', '.' and "
                                          "'-', and begin with a letter",
                                          name));
  }
  return Done{};
}

Result<Axis> parse_range(std::string_view text) {
  auto const dots = text.find("..");
  if (dots == std::string_view::npos) return malformed(text);
  auto const rest = text.substr(dots + 2);
  auto const more = std::min(rest.find(".."), rest.size());
  return range_of(text, whole_number(text.substr(0, dots)), whole_number(rest.substr(0, more)),
                  more == rest.size() ? std::optional<std::int64_t>(1) : whole_number(rest.substr(more + 2)));
}

Result<Axis> parse_axis(std::string_view word) {
  auto const equals = word.find('=');
  auto const name = equals == std::string_view::npos ? std::string_view("index") : word.substr(0, equals);
  auto const values = equals == std::string_view::npos ? word : word.substr(equals + 1);
  if (auto const checked = check_axis_name(name); !checked) return checked.failure();
  Axis axis;
  if (auto range = any_range(values)) {
    if (!*range) return range->failure();
    axis = **range;
    axis.name = name;
    return axis;
  }
  axis.name = name;
  for (auto rest = values;;) {
    auto const comma = std::min(rest.find(','), rest.size());
    auto const part = rest.substr(0, comma);
    if (part.empty()) {
      return reject(
          "bad_array",
          fmt::format("'{}' is not an array; expected such as 1-100, seed=1..100 or size=s,m,l", word));
    }
    if (auto range = any_range(part)) {
      if (!*range) return range->failure();
      for (std::uint64_t i = 0; i < (*range)->size(); ++i) axis.values.push_back((*range)->value(i));
    } else {
      axis.values.emplace_back(part);
    }
    if (comma == rest.size()) break;
    rest = rest.substr(comma + 1);
  }
  bool const numbered = equals == std::string_view::npos;
  auto const is_number = [](std::string const& value) { return whole_number(value).has_value(); };
  if (numbered && !std::all_of(axis.values.begin(), axis.values.end(), is_number)) {
    return reject("bad_array",
                  fmt::format("'{}': values that aren't numbers need a name, such as size={}", word, word));
  }
  return axis;
}

Result<std::vector<std::string>> matching_paths(std::filesystem::path const& base,
                                                std::string const& pattern) {
  bool const absolute = pattern.starts_with('/');
  auto const prefix = absolute ? std::string() : base.string() + "/";
  glob_t found{};
  int const code = ::glob((escaped(prefix) + pattern).c_str(), 0, nullptr, &found);
  std::vector<std::string> paths;
  for (std::size_t i = 0; code == 0 && i < found.gl_pathc; ++i) {
    auto path = std::string(found.gl_pathv[i]).substr(prefix.size());
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    paths.push_back(std::move(path));
  }
  ::globfree(&found);
  if (code != 0 && code != GLOB_NOMATCH) {
    return reject("bad_glob", fmt::format("looking for '{}' in {} failed", pattern, base.string()));
  }
  if (paths.empty()) {
    return reject("bad_glob", absolute ? fmt::format("nothing matches '{}'", pattern)
                                       : fmt::format("nothing matches '{}' in {}", pattern, base.string()));
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

Result<std::vector<std::string>> lines_of(std::filesystem::path const& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    return reject("bad_lines", fmt::format("{} is a directory, not a file of lines", file.string()));
  }
  errno = 0;
  std::ifstream in(file);
  if (!in) return reject("bad_lines", fmt::format("{}: {}", file.string(), std::strerror(errno)));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(line);
  }
  if (lines.empty()) return reject("bad_lines", fmt::format("{} has no lines", file.string()));
  if (lines.size() > elements_max) {
    return reject("bad_lines", fmt::format("{} has {} lines; at most {} are allowed", file.string(),
                                           lines.size(), elements_max));
  }
  return lines;
}

Status check_streams(JobArray const& array) {
  std::uint64_t stride = 1;
  auto const first = array.element(1);
  auto const shared = [&](Axis const& axis, char const* stream, std::string const& path) {
    return reject("bad_array", fmt::format("{}: elements that differ in '{}' only would all write to {}; "
                                           "put %{{{}}} or %{{index}} into the path",
                                           stream, axis.name, path, axis.name));
  };
  for (auto axis = array.axes.rbegin(); axis != array.axes.rend(); stride *= axis->size(), ++axis) {
    if (axis->size() < 2) continue;
    auto const other = array.element(static_cast<std::uint32_t>(stride + 1));
    if (first.directory != other.directory) continue;
    auto const same = [](std::string const& a, std::string const& b) {
      return !a.empty() && a == b && a != "/dev/null";
    };
    if (same(first.stdout_path, other.stdout_path)) return shared(*axis, "stdout", first.stdout_path);
    if (same(first.stderr_path, other.stderr_path)) return shared(*axis, "stderr", first.stderr_path);
  }
  return Done{};
}

}  // namespace godwit
