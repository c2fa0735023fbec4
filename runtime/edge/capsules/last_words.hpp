// What is left of a capsule that ended without saying so.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/ids.hpp"
#include "edge/capsules/link/control_block.hpp"
#include "edge/capsules/link/printed.hpp"
#include "edge/capsules/link/unique_fd.hpp"

namespace godwit {

// "killed by signal 11 (SIGSEGV)", "exited with status 3"; from a status as waitpid gives it.
[[nodiscard]] std::string how_it_ended(int wait_status);

// Output that a crashed capsule had captured and not yet saved.
struct Unsaved {
  UniqueFd memfd;
  std::uint64_t file_base{0};
  std::uint64_t drained{0};
};
[[nodiscard]] Unsaved unsaved(UniqueFd memfd, CaptureMarks const& marks);

// Puts it where the capsule would have. Whatever can't be saved is lost: the job goes on from its image, which
// doesn't have it either.
void save(Unsaved const& unsaved, PrintedPlace const& place, PackRecord record);
// The last lines of what it printed.
[[nodiscard]] std::string last_lines_of(Unsaved const& unsaved, PrintedPlace const& place);

}  // namespace godwit
