// STORE/verdict.json: how a world ended. mpirun's exit code says nothing once ranks may die. Written by its last
// allocator; who was deposed says nothing.
#pragma once

#include <filesystem>
#include <optional>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace godwit {

void write_verdict(std::filesystem::path const& store, Term term, int code, WallTime at);

// What a world ended with that began with that term or was led under it; none: it hasn't ended, or couldn't say.
[[nodiscard]] std::optional<int> verdict_since(std::filesystem::path const& store, Term term);

}  // namespace godwit
