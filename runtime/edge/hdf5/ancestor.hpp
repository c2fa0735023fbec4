// Ancestor: a file that holds part of a generation's data: nothing of the generation can be read without it.
#pragma once

#include <string>

#include "base/digest.hpp"

namespace godwit {

struct Ancestor {
  std::string file;  // in the directory of the one that needs it: "5-11.h5"
  Digest root;       // that it must have

  bool operator==(Ancestor const&) const = default;
};

}  // namespace godwit
