// Job types, looked up without a runtime: plugins are asked what they hold, in processes of their own.
// Blocks.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "job/spec.hpp"

namespace godwit::testing {

// That type; empty: all that there are in those directories, by name. Of two plugins of one type that of the
// earlier directory. `store`: where copies of the plugins go. `capsule_program`: godwit-capsule; empty: it
// wasn't found.
[[nodiscard]] Result<std::vector<JobType>> find_job_types(std::string const& type,
                                                          std::vector<std::filesystem::path> const& plugins,
                                                          std::filesystem::path const& capsule_program,
                                                          std::filesystem::path const& store);

}  // namespace godwit::testing
