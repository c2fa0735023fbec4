// Reads a checkpoint file in every way there is.
#pragma once

#include <filesystem>

namespace godwit::fuzz {

void probe(std::filesystem::path const& path);

}  // namespace godwit::fuzz
