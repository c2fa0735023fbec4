// The last lines of a job's captured stdout and stderr at a safe point, for people who look into a
// checkpoint: from the file as far as it is durable, then from the image's own tail.
#pragma once

#include <filesystem>
#include <vector>

#include "edge/hdf5/skeleton.hpp"

namespace godwit {

inline constexpr std::uint64_t log_tail_bytes = 4096;  // of each stream

// What can't be read is left out: a log is never a reason not to checkpoint.
[[nodiscard]] std::vector<LogTail> log_tails(std::filesystem::path const& store, Manifest const& manifest);

}  // namespace godwit
