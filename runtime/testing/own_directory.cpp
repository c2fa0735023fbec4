#include "testing/own_directory.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>

namespace godwit::testing {

OwnDirectory::OwnDirectory(std::string const& purpose) {
  auto pattern = (std::filesystem::temp_directory_path() / fmt::format("godwit-{}-XXXXXX", purpose)).native();
  if (::mkdtemp(pattern.data()) != nullptr) {
    path_ = pattern;
  } else {
    made_ =
        reject("no_disk", fmt::format("no directory can be made at {}: {}", pattern, std::strerror(errno)));
  }
}

OwnDirectory::~OwnDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace godwit::testing
