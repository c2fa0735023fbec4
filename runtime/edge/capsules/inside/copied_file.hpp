// copy_start: the first bytes of a file as a new one, durable, under the name of an old one or of itself. For clones,
// whose outputs begin as copies, and for outputs that a former holder of the job may still have open: what it
// writes goes to the old file, which has no name any more.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace godwit::inside {

// Of the output `name`; `to`, where a symbolic link leads to if it is one, is replaced by a new file in one instant
// and keeps its permissions. data_lost if `from` is shorter than that, and nothing is changed.
[[nodiscard]] Status copy_start(std::string const& name, std::filesystem::path const& from,
                                std::filesystem::path const& to, std::uint64_t bytes);

}  // namespace godwit::inside
