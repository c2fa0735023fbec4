// Where a capsule's scratch directory is, if its job asks for one: the zygote removes it afterwards.
#pragma once

#include <fmt/format.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/ids.hpp"

namespace godwit {

[[nodiscard]] inline std::string scratch_directory(pid_t zygote, CapsuleId capsule) {
  auto const* const temporary = std::getenv("TMPDIR");
  return fmt::format("{}/godwit-{}-{}-{}", temporary != nullptr && *temporary != '\0' ? temporary : "/tmp",
                     ::getuid(), zygote, capsule);
}

}  // namespace godwit
