// A plugin whose process is killed while it is loaded, as where memory is short: once for each file that is left
// in the directory $GODWIT_TEST_KILLS.
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include <godwit/job.hpp>

namespace {

struct Victim {
  Victim() {
    auto const* const kills = std::getenv("GODWIT_TEST_KILLS");
    if (kills == nullptr) return;
    for (auto const& kill : std::filesystem::directory_iterator(kills)) {
      std::filesystem::remove(kill);
      std::raise(SIGKILL);
    }
  }
} const victim;

struct Killed : godwit::Job {
  void parameters(godwit::Parameters&) override {}
  void describe(godwit::State&) override {}
  void start(godwit::Context&) override {}
  godwit::Step step(godwit::Context&) override { return godwit::Step::done(); }
};

}  // namespace

GODWIT_JOB(Killed, "killed", 1)
