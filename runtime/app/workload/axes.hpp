// Where the values of a job array's axes come from: ranges, lists, files that match a pattern, lines of a
// file. Used for `array:` in workload files and for --array and --each-line on the command line.
//
// The axis of a --array without a name is called "index": %{index} then stands for its values instead of
// the element's place in the array, and it needn't be used.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "job/array.hpp"

namespace godwit {

// Letters, digits, '_', '.' and '-', beginning with a letter or '_'; not "cores", which %{cores} stands for.
[[nodiscard]] Status check_axis_name(std::string_view name);

// "1..100", "1..100..5", "10..0..-1": whole numbers, both ends among them if the step meets them.
[[nodiscard]] Result<Axis> parse_range(std::string_view text);

// One --array: "1-100", "1-100:5", "1..100", "name=1..100", "name=a,b,c", "1,3,7-9".
[[nodiscard]] Result<Axis> parse_axis(std::string_view word);

// The paths that match the pattern, sorted, without a slash at the end; relative ones count from `base` and
// stay relative. At least one.
[[nodiscard]] Result<std::vector<std::string>> matching_paths(std::filesystem::path const& base,
                                                              std::string const& pattern);

// The lines of a file, without empty ones. At least one.
[[nodiscard]] Result<std::vector<std::string>> lines_of(std::filesystem::path const& file);

// Would two elements write their stdout, or their stderr, to one file?
[[nodiscard]] Status check_streams(JobArray const& array);

}  // namespace godwit
