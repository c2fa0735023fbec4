// Rehearsal: runs one job on a CapsuleService of its own, from start to end, moving it on the way as a plan
// says. Trial and `godwit check` are made of it. Blocks; one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "edge/capsules/capsule_service.hpp"
#include "godwit/testing.hpp"
#include "job/spec.hpp"
#include "testing/own_directory.hpp"

namespace godwit::testing {

struct Plan {
  enum class Kind : std::uint8_t { undisturbed, moves, restarts };
  Kind kind{Kind::undisturbed};
  std::uint64_t every{1};  // steps
  [[nodiscard]] std::string how() const;
};

struct Piece {
  std::string type;
  std::map<std::string, std::string> arguments;
  std::map<std::string, std::string> environment;
  std::map<std::string, std::filesystem::path> copies;  // name in the run's directory → from
  std::map<std::string, std::string> files;             // name → contents
  std::vector<std::filesystem::path> directories;       // to be there, relative
  std::vector<std::filesystem::path> plugins;           // in order of precedence
  std::filesystem::path capsule_program;
  Duration patience{60s};                     // between two signs of life
  std::function<bool()> interrupted;          // asked now and then; true: the run fails, code "interrupted"
  std::optional<std::filesystem::path> keep;  // files of each run go there, in a directory named by its plan
};

class Rehearsal {
 public:
  explicit Rehearsal(Piece piece);
  ~Rehearsal();
  Rehearsal(Rehearsal const&) = delete;
  Rehearsal& operator=(Rehearsal const&) = delete;

  // Fails if the job can't be run at all: unknown type, wrong arguments, no disk.
  // A run with moves is given up when it takes far more steps than an undisturbed one, which is made first if
  // there was none yet.
  [[nodiscard]] Result<Run> run(Plan const& plan);

 private:
  [[nodiscard]] Result<Run> perform(Plan const& plan);
  [[nodiscard]] Status set_scene();
  void gather_files(Run& run) const;
  void put_away(Run const& run) const;

  Piece piece_;
  OwnDirectory place_{"trial"};  // holds store/ and work/; at the same path in every run
  std::optional<JobType> type_;
  std::optional<std::uint64_t> steps_undisturbed_;
  std::optional<Run> spare_;  // an undisturbed run that nobody has asked for yet
};

}  // namespace godwit::testing
