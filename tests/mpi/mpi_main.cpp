// Runs every test on every rank, in the same order, and leaves as godwitd does: by a verdict in a file
// and _exit, never by MPI_Finalize. The tests themselves keep the ranks in step, by frames.
#include "mpi/mpi_main.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

namespace godwit::testing {
namespace {

struct Place {
  std::unique_ptr<MpiWorld> world;
  std::unique_ptr<MpiTransport> transport;
};
Place& place() {
  static auto* const it = new Place;  // never destroyed: MPI isn't either
  return *it;
}

void say(std::string const& file, std::string const& text) {
  auto const* const verdicts = std::getenv("GODWIT_VERDICTS");
  if (verdicts != nullptr) std::ofstream(std::filesystem::path(verdicts) / file) << text << "\n";
}

}  // namespace

MpiWorld const& mpi_world() {
  return *place().world;
}
MpiTransport& mpi_transport() {
  return *place().transport;
}

void die() {
  say(std::to_string(mpi_world().self().value), "dies");
  ::kill(::getpid(), SIGKILL);
  std::abort();
}

}  // namespace godwit::testing

int main(int argc, char** argv) {
  using namespace godwit;
  auto world = MpiWorld::join(argc, argv);
  if (!world) {
    std::fprintf(stderr, "%s\n", world.failure().context.c_str());
    return 1;
  }
  auto& place = godwit::testing::place();
  place.world = std::make_unique<MpiWorld>(std::move(*world));
  place.transport = std::make_unique<MpiTransport>(*place.world);
  auto const rank = place.world->self().value;
  auto const* const number = std::getenv("PMIX_NAMESPACE");
  if (rank == 0 && number != nullptr) godwit::testing::say("world", number);

  ::testing::InitGoogleTest(&argc, argv);
  if (rank != 0) {  // the others speak only of failures
    auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    struct Failures final : ::testing::EmptyTestEventListener {
      void OnTestPartResult(::testing::TestPartResult const& part) override {
        if (!part.failed()) return;
        std::fprintf(stderr, "rank %d: %s:%d: %s\n", godwit::testing::mpi_world().self().value,
                     part.file_name(), part.line_number(), part.summary());
      }
    };
    listeners.Append(new Failures);
  }
  int const failed = RUN_ALL_TESTS();
  godwit::testing::say(std::to_string(rank), failed == 0 ? "passed" : "failed");
  std::fflush(nullptr);
  ::_exit(failed);
}
