#include "edge/posix/large_pages.hpp"

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace godwit {

namespace {

constexpr char const* variable = "GLIBC_TUNABLES";
constexpr char const* setting = "glibc.malloc.hugetlb=1";

bool must_be_asked_for() {
  std::ifstream enabled("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string line;
  return std::getline(enabled, line) && line.find("[madvise]") != line.npos;
}

}  // namespace

void ask_for_large_pages(char** argv) {
  if (auto const* known = ::getenv(variable)) {
    if (std::strcmp(known, setting) == 0) ::unsetenv(variable);  // this is the second start
    return;
  }
  std::error_code failed;
  auto const program = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed || !must_be_asked_for()) return;
  ::setenv(variable, setting, 1);
  ::execv(program.c_str(), argv);
  ::unsetenv(variable);
}

}  // namespace godwit
