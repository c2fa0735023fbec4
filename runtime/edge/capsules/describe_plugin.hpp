// Asks a capsule process what a plugin offers; blocks until it has said so, died, or used its patience up.
#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "base/time.hpp"
#include "edge/capsules/zygote_process.hpp"
#include "job/spec.hpp"

namespace godwit {

// `capsule` is an id not used with this zygote before. Digest and path of the type are left empty.
// A failure to be retried isn't the plugin's: its process was killed, or there was none to be had.
[[nodiscard]] Result<JobType> describe_plugin(ZygoteProcess& zygote, CapsuleId capsule,
                                              std::filesystem::path const& plugin, Duration patience);

}  // namespace godwit
