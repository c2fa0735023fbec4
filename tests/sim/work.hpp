// Work: what a simulated job does, as pure functions of its arguments: how long each step takes, what it writes,
// what its memory holds after n steps, how it ends. An undisturbed run is these functions and nothing else, so
// whatever the runtime does to a job, its outputs and final state can be compared bit by bit.
//
// Step n adds one to cell n mod cells of the arena; every `chatter` steps it writes a line to each output.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "job/spec.hpp"

namespace godwit::sim {

struct Work {
  enum class End : std::uint8_t { finishes, fails, crashes, hangs };

  std::string key;          // part of what it writes, and of its outputs' names
  std::uint64_t steps{1};   // all of them
  std::uint64_t cells{1};
  Duration step{1ms};       // on average
  std::uint32_t outputs{0};
  std::uint64_t chatter{1};
  std::uint64_t rest_every{0};  // after so many steps: again_in(rest)
  Duration rest{0};
  End end{End::finishes};
  std::uint64_t end_at{0};      // the step at which it fails, crashes or hangs, each time
  std::uint64_t roams_at{0};    // the step after which it asks to be moved; 0: never

  [[nodiscard]] static Work of(JobSpec const& spec);
  void put_into(JobSpec& spec) const;
  [[nodiscard]] static JobType type();

  [[nodiscard]] std::vector<std::string> paths(JobId clone) const;  // of its outputs; clone: {} or its own id
  [[nodiscard]] Duration time_of(std::uint64_t step_number) const;
  [[nodiscard]] Bytes written_by(std::uint64_t step_number, std::uint32_t output) const;
  [[nodiscard]] Bytes output_after(std::uint64_t steps_done, std::uint32_t output) const;
  [[nodiscard]] std::uint64_t cell_after(std::uint64_t steps_done, std::uint64_t cell) const;
  [[nodiscard]] Duration time_of_steps() const;  // as the job counts its running time
  [[nodiscard]] Duration time_of_all() const { return step * static_cast<std::int64_t>(steps) * 2 + rests(); }

 private:
  [[nodiscard]] Duration rests() const {
    return rest_every == 0 ? Duration{0} : rest * static_cast<std::int64_t>(steps / rest_every);
  }
};

}  // namespace godwit::sim
