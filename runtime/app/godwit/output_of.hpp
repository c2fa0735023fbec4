// What a program prints: for asking Slurm's own commands. Blocks until it ends.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace godwit::cli {

// stdout and stderr together. Fails if it can't be started or doesn't end with 0.
[[nodiscard]] Result<std::string> output_of(std::vector<std::string> words);

}  // namespace godwit::cli
