// copy_start: the first bytes of a file as a new one, durable. For clones, whose outputs begin as copies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace godwit::inside {

// Of the output `name`; replaces `to`. data_lost if `from` is shorter than that.
[[nodiscard]] Status copy_start(std::string const& name, std::filesystem::path const& from,
                                std::filesystem::path const& to, std::uint64_t bytes);

}  // namespace godwit::inside
