// The author's harness: runs a job type by itself, undisturbed and moved about, so that a test can compare
// what came of it. Each run is of the real thing (the processes, files and images that godwitd uses), in a
// directory of its own, and leaves nothing behind. Needs neither MPI nor a runtime, and no particular test
// framework.
//
//   TEST(Heat, SurvivesAMoveAtEveryStep) {
//     godwit::testing::Trial heat("heat", {{"n", "16"}, {"steps", "40"}});
//     EXPECT_EQ(heat.moved_every_step(), heat.undisturbed());
//   }
//
// At each move the job goes on in a fresh process whose memory is filled with rubbish first: what describe()
// doesn't name, and restored() doesn't make again, is lost, and shows.
// Link godwit::testing; standard library only. One thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <vector>

#define GODWIT_TESTING_API __attribute__((visibility("default")))

namespace godwit::testing {

// What came of a job. Two are equal if everything but `how` and `moves` is, and `steps` where they vary.
struct GODWIT_TESTING_API Run {
  struct Field {
    std::string type;   // "float64", "text", "list of int32", "map of text to float64"
    std::string value;  // numbers as the shortest text that reads back the same
    bool operator==(Field const&) const = default;
  };
  struct Array {
    std::string type;                  // "float64"
    std::vector<std::uint64_t> shape;  // row-major; [] if it was never allocated
    std::vector<std::byte> bytes;
    bool operator==(Array const&) const = default;
  };

  std::string how;         // "undisturbed", "moved at every step"
  std::uint64_t moves{0};  // or restarts

  std::string outcome;  // "finished", "failed: MESSAGE", "crashed: REASON"; of a moved run also
                        // "refused: REASON" (its image), "still running" (far longer than undisturbed)
  std::uint64_t steps{0};
  bool steps_vary{false};  // their number depends on time, says the job type: GODWIT_STEPS_VARY
  std::map<std::string, Field> fields;  // described, at the end; empty unless it finished
  std::map<std::string, Array> arrays;
  std::map<std::string, std::string> files;  // all in the run's directory, by relative path
  std::string out, err;                      // printed

  // The first difference, in words; "" if there is none. A likely cause is named with it.
  [[nodiscard]] std::string difference_from(Run const& other) const;
  // On inequality the difference is remembered, and printed with the left one: so EXPECT_EQ shows it.
  friend GODWIT_TESTING_API bool operator==(Run const& left, Run const& right);
  friend GODWIT_TESTING_API std::ostream& operator<<(std::ostream& out, Run const& run);

 private:
  mutable std::string found_;
};

// A job type with its arguments. Plugins are looked for in the directories given by plugins(), in
// $GODWIT_PLUGINS, in plugins/ beside this program or one directory up, and where Godwit is installed.
//
// Every run starts in an empty directory but for the files named by file() and copy(), and relative paths
// start there. An input given by its absolute path is read where it is; an output outside the run's
// directory is refused, because all runs would write it.
class GODWIT_TESTING_API Trial {
 public:
  explicit Trial(std::string type, std::map<std::string, std::string> arguments = {});
  ~Trial();
  Trial(Trial const&) = delete;
  Trial& operator=(Trial const&) = delete;

  Trial& plugins(std::filesystem::path const& directory);                 // looked at first
  Trial& file(std::string const& name, std::string const& contents);      // an input
  Trial& copy(std::filesystem::path const& from, std::string name = {});  // the same, from a file
  Trial& environment(std::string const& name, std::string const& value);
  Trial& patience(std::chrono::milliseconds for_one_step);  // 60 s, if not given
  Trial& keep(std::filesystem::path const& directory);      // each run's files, for looking at

  // Each throws std::runtime_error if the job can't be run at all: no such type, wrong arguments. What
  // the job does wrong is in the Run.
  Run undisturbed();
  Run moved_every_step();
  Run moved_every(std::uint64_t steps);
  // As after the death of its host: goes on for that many steps beyond an image, and then again from the
  // image. Files must come out as if nothing had happened.
  Run restarted_every(std::uint64_t steps);

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace godwit::testing
