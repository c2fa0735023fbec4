// JobArray: one submission: a job, or as many alike as its axes have combinations. Only the template and
// the axes are kept; an element's spec is made when it is asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "job/spec.hpp"

namespace godwit {

// A named list of values: as given, or the whole numbers first, first + step, … (count of them).
struct Axis {
  std::string name;
  std::vector<std::string> values;
  std::int64_t first{1};
  std::int64_t step{1};
  std::uint32_t count{0};  // of a range; 0 where `values` are given
  bool argument{false};    // each element gets NAME=value as an argument: its type has a parameter of that name

  [[nodiscard]] std::uint64_t size() const { return count > 0 ? count : values.size(); }
  [[nodiscard]] std::string value(std::uint64_t index) const;  // from 0

  bool operator==(Axis const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & name & values & first & step & count & argument;
  }
};

struct JobArray {
  JobSpec spec;            // texts may hold %{axis}, %{index}, %{cores}; %% is a plain %
  std::vector<Axis> axes;  // their product, the last varies fastest; none: a single job

  JobArray() = default;
  JobArray(JobSpec one) : spec(std::move(one)) {}  // NOLINT(google-explicit-constructor): a job is an array of one
  JobArray(JobSpec pattern, std::vector<Axis> of) : spec(std::move(pattern)), axes(std::move(of)) {}

  [[nodiscard]] bool is_array() const { return !axes.empty(); }
  // How many elements; 1 for a single job. Saturates at 2^64 - 1: check_array() bounds it.
  [[nodiscard]] std::uint64_t size() const;
  // The spec of one element, counted from 1, with everything filled in. Of a single job: the spec itself.
  [[nodiscard]] JobSpec element(std::uint32_t index) const;

  bool operator==(JobArray const&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & spec & axes;
  }
};

// Are the axes distinct and not empty, is their product at most `elements_max`, and is every %{word} an
// axis or a word that is always there? The failure names each mistake.
inline constexpr std::uint64_t elements_max = 10'000'000;
[[nodiscard]] Status check_array(JobArray const& array);

}  // namespace godwit
