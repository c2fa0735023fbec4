#include "testing/places.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace godwit::testing {

namespace fs = std::filesystem;

namespace {

fs::path program_directory() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

// Of the library or program that this code was linked into.
fs::path code_directory() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<void const*>(&code_directory), &info) == 0 || info.dli_fname == nullptr)
    return {};
  std::error_code error;
  return fs::canonical(info.dli_fname, error).parent_path();
}

// Directories from which installed things are found by a relative path; with the library's below lib/.
std::vector<fs::path> roots() {
  auto const code = code_directory();
  return {program_directory(), code, code / "..", code / "../.."};
}

}  // namespace

fs::path capsule_program() {
  if (auto const* named = std::getenv("GODWIT_CAPSULE"); named != nullptr && *named != '\0') return named;
  for (auto const& root : roots()) {
    for (auto const* place : {"godwit-capsule", "bin/godwit-capsule"}) {
      auto const program = root / place;
      if (::access(program.c_str(), X_OK) == 0) return fs::canonical(program);
    }
  }
  return {};
}

std::vector<fs::path> plugin_directories() {
  std::vector<fs::path> found;
  auto const add = [&](fs::path const& directory) {
    std::error_code error;
    auto const real = fs::canonical(directory, error);
    if (!error && fs::is_directory(real, error) && std::ranges::find(found, real) == found.end())
      found.push_back(real);
  };
  if (auto const* listed = std::getenv("GODWIT_PLUGINS")) {
    std::istringstream in(listed);
    for (std::string directory; std::getline(in, directory, ':');) {
      if (!directory.empty()) add(directory);
    }
  }
  add(program_directory() / "plugins");
  add(program_directory() / "../plugins");
  if (auto const capsule = capsule_program(); !capsule.empty()) {
    add(capsule.parent_path() / "../plugins");
    add(capsule.parent_path() / "../lib/godwit/plugins");
  }
  return found;
}

}  // namespace godwit::testing
