// Office: what an allocator needs of the world beside its journal: users' commands, and the job types. Rank 0 opens its
// own before it begins; a host that is elected opens one then, and closes it when it is deposed.
#pragma once

#include <memory>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "port/control.hpp"

namespace godwit {

class Office {
 public:
  virtual ~Office() = default;  // users who wait for an answer are cut off
  [[nodiscard]] virtual Control& control() = 0;
  [[nodiscard]] virtual Catalogue& catalogue() = 0;
};

class Offices {
 public:
  virtual ~Offices() = default;
  // Users find it from now on. Blocks for as long as the store and a program's start take: once in a term.
  [[nodiscard]] virtual Result<std::unique_ptr<Office>> open(Term term) = 0;
};

}  // namespace godwit
