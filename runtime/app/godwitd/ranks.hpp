// The two kinds of rank: what is wired to what. Each takes over after MPI is up, agrees with the other
// ranks on whether the start succeeded (so that none hangs if one can't), runs its loop, and returns the
// exit code once everything it owns is closed.
#pragma once

#include "app/godwitd/options.hpp"
#include "edge/capsules/zygote_process.hpp"
#include "edge/mpi/mpi_world.hpp"
#include "edge/posix/stop_signals.hpp"

namespace godwit {

inline constexpr int exit_start_failed = 3;

int run_allocator_rank(Options const& options, MpiWorld const& world, StopSignals& signals,
                       Result<ZygoteProcess> zygote);
int run_host_rank(Options const& options, MpiWorld const& world, StopSignals& signals,
                  Result<ZygoteProcess> zygote);

}  // namespace godwit
