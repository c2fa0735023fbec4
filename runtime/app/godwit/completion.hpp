// What a word that is being typed may become: verbs, flags, and where a verb takes one, a job type, job or
// host. Asks the runtime, if there is one, and never long.
#pragma once

#include <string>
#include <vector>

#include "app/godwit/invocation.hpp"

namespace godwit::cli {

// `words` are those after `godwit`; the last one, perhaps empty, is being typed. Sorted.
[[nodiscard]] std::vector<std::string> completions(CLI::App const& app, Invocation const& invocation,
                                                   std::vector<std::string> const& words);

// May a file stand here too?
[[nodiscard]] bool takes_file(std::vector<std::string> const& words);

}  // namespace godwit::cli
