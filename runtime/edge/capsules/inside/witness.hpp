// Witness: an untransacted record of which process ran which steps of which job, and when; written only
// if the environment names a directory in GODWIT_WITNESS. Transactional outputs would hide a second
// runner, since its bytes are cut back; this file doesn't.
//
// DIR/<host>-<pid>.witness holds lines of 128 bytes, "job epoch first last begin_ns end_ns pid host", each
// for a run of consecutive steps (CLOCK_BOOTTIME; begin: of the first step, end: of the last). The newest
// line is rewritten in place after every step, by one write that stays within a page: a SIGKILL at any
// instant loses none. first = last + 1: custody was taken, no step done. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "edge/capsules/link/unique_fd.hpp"

namespace godwit::inside {

class Witness {
 public:
  // None if it isn't asked for, or the directory can't be written.
  [[nodiscard]] static std::optional<Witness> from_environment();

  // This process may run the job from now on, or as soon as it is leased; `steps` are behind it.
  void took_custody(JobId job, Epoch epoch, std::uint64_t steps, bool leased);
  void step_done(Instant begin, std::uint64_t steps);
  void gave_custody();

 private:
  explicit Witness(UniqueFd file, std::string host) : file_(std::move(file)), host_(std::move(host)) {}
  void write();

  UniqueFd file_;
  std::string host_;
  std::int64_t line_ = -1;
  JobId job_;
  Epoch epoch_;
  std::uint64_t first_ = 0, last_ = 0;
  Instant begin_, end_;  // of the newest line; {}: it has yet to be begun
};

}  // namespace godwit::inside
