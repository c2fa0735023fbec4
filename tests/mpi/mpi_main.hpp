// The world that an mpi gtest runs in: joined once by main (mpi_main.cpp), before the first test.
#pragma once

#include <functional>

#include "edge/mpi/mpi_transport.hpp"
#include "edge/mpi/mpi_world.hpp"

namespace godwit::testing {

// This process's place; valid from main on.
MpiWorld const& mpi_world();
MpiTransport& mpi_transport();

// What is going to happen is what the test wants: kill -9 to this rank.
[[noreturn]] void die();

}  // namespace godwit::testing
