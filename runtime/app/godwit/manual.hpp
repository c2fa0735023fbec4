// Manual pages, made of the command line's own help so that they can't say anything else. `godwit help --man
// VERB` prints them; the build installs them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace godwit::cli {

// godwit(1), or godwit-VERB(1), as roff.
[[nodiscard]] std::string manual_of(CLI::App const& verb);

// godwit-workload(5), and the same as plain text.
[[nodiscard]] std::string workload_manual();
[[nodiscard]] std::string workload_help();

}  // namespace godwit::cli
