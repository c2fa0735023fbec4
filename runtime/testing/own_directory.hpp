// A directory of this process's own among the temporary ones, which goes with everything in it.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace godwit::testing {

class OwnDirectory {
 public:
  explicit OwnDirectory(std::string const& purpose);  // its name begins with "godwit-" and that
  ~OwnDirectory();
  OwnDirectory(OwnDirectory const&) = delete;
  OwnDirectory& operator=(OwnDirectory const&) = delete;

  [[nodiscard]] Status const& made() const { return made_; }  // rejected, "no_disk": it couldn't be
  [[nodiscard]] std::filesystem::path const& path() const { return path_; }

 private:
  std::filesystem::path path_;
  Status made_{Done{}};
};

}  // namespace godwit::testing
