// Places: where this program finds Godwit's own program for capsules, and the plugins. In a build tree, in an
// installation, or in the program of somebody's test that links the installed library.
#pragma once

#include <filesystem>
#include <vector>

namespace godwit::testing {

// godwit-capsule: $GODWIT_CAPSULE, else in a directory bin near this code or this program. Empty: nowhere.
[[nodiscard]] std::filesystem::path capsule_program();

// $GODWIT_PLUGINS, then plugins/ beside this program and one up, then the installed ones.
[[nodiscard]] std::vector<std::filesystem::path> plugin_directories();

}  // namespace godwit::testing
