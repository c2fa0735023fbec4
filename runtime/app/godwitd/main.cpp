// godwitd: the MPI program. The order matters: large pages before all, signals before any thread, the zygote before MPI, MPI
// before the store (so that one rank's failure is every rank's), and the end by _exit (docs/adr).
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>

#include "app/godwitd/faults.hpp"
#include "app/godwitd/options.hpp"
#include "app/godwitd/ranks.hpp"
#include "base/fault_point.hpp"
#include "edge/posix/large_pages.hpp"

namespace {

// A rank that dies before all have met would leave the others waiting in MPI for ever. Each disarms this
// once its loop runs.
constexpr unsigned start_patience_s = 300;
constexpr unsigned end_patience_s = 10;  // for taking leave of the launcher

// As launchers say it, long before MPI does. Whoever is wrong about it only uses more memory, or less.
bool is_likely_the_first() {
  for (auto const* variable : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"}) {
    if (auto const* rank = std::getenv(variable)) return std::string_view(rank) == "0";
  }
  return false;
}

int run(int argc, char** argv) {
  using namespace godwit;
  auto const read = read_options(argc, argv);
  if (auto const* code = std::get_if<int>(&read)) return *code;
  auto const& options = std::get<Options>(read);

  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error to be told of
  StopSignals signals;
  auto lifeline = Lifeline::open();
  auto zygote = ZygoteProcess::launch(program_directory() / "godwit-capsule", lifeline ? std::optional(lifeline->fd()) : std::nullopt);
  raise_descriptor_limit();  // the jobs, which the zygote starts, have their user's
  ::alarm(start_patience_s);
  auto world = MpiWorld::join(argc, argv, zygote ? zygote->pid() : 0,
                              lifeline ? std::make_unique<Lifeline>(std::move(*lifeline)) : nullptr);
  if (!world) {
    fmt::print(stderr, "godwitd: {}\n", world.failure().context);
    return exit_start_failed;
  }
  if (auto const armed = arm_faults(world->self()); !armed) {
    fmt::print(stderr, "godwitd: {}\n", armed.failure().context);
    return exit_start_failed;
  }
  fault_point("join", "world");
  bool const first = world->self() == allocator_rank;
  if (world->ranks() < 2) {
    fmt::print(stderr,
               "godwitd: one rank is not enough: rank 0 allocates, the others host jobs. "
               "Start it with 'godwit start', or with mpirun -n 2 or more\n");
    return 2;
  }
  int const code = first ? run_allocator_rank(options, *world, signals, std::move(zygote))
                         : run_host_rank(options, *world, signals, std::move(zygote));
  ::alarm(end_patience_s);
  world->take_leave();
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  if (is_likely_the_first()) godwit::ask_for_large_pages(argv);  // it knows of all jobs
  int const code = run(argc, argv);
  std::fflush(nullptr);
  ::_exit(code);  // never MPI_Finalize: it can hang after a death
}
