// What a doctor finds: a topic, how it stands, and what to do if it isn't well. Things are tried out rather
// than asked for: kernels and filesystems have been seen to promise what they don't keep.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace godwit::cli {

struct Finding {
  enum class Verdict { ok, warn, fail };

  std::string topic;
  Verdict verdict{Verdict::ok};
  std::string found;
  std::string advice;  // unless ok
};
using Findings = std::vector<Finding>;

[[nodiscard]] Findings examine_machine();   // cores, limits, shared memory, clock
[[nodiscard]] Findings examine_tracking();  // how changed pages can be found
[[nodiscard]] Findings examine_launcher(std::filesystem::path const& programs);  // mpirun and godwitd
[[nodiscard]] Findings examine_plugins(std::filesystem::path const& programs);
[[nodiscard]] Findings examine_store(std::filesystem::path const& store);
[[nodiscard]] Findings examine_runtime(std::filesystem::path const& store);

}  // namespace godwit::cli
