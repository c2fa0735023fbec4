// What a move is compared with: a bare MPI transfer of the same bytes between two ranks, from a
// prefaulted memfd mapping to a prefaulted memfd mapping, as one program that scripts/bench keeps beside
// the runtime and asks for one transfer at a time, so that both are measured in the same minute.
//
//   mpirun -n 2 godwit-bench-bare-transfer BYTES
//   stdin of rank 0: a line each asks for one transfer; an empty stdin ends it.
//   stdout: seconds, from the first byte sent until the receiver's acknowledgement.
// Waiting ranks sleep, so as not to take a core from what they are compared with.
#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <thread>

#include "bench/prefaulted.hpp"

namespace {

using godwit::bench::prefaulted;

constexpr std::size_t chunk_bytes = std::size_t{1} << 30;

void wait_asleep(int from, int tag) {
  int there = 0;
  while (true) {
    MPI_Iprobe(from, tag, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
    MPI_Iprobe(from, tag, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
    if (there != 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void transfer(int rank, char* memory, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes; at += chunk_bytes) {
    int const count = static_cast<int>(std::min(chunk_bytes, bytes - at));
    if (rank == 0) MPI_Send(memory + at, count, MPI_CHAR, 1, 2, MPI_COMM_WORLD);
    else MPI_Recv(memory + at, count, MPI_CHAR, 0, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  std::size_t const bytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : std::size_t{256} << 20;
  char* memory = prefaulted(std::max<std::size_t>(bytes, 1));
  char go = 1;
  std::string line;
  while (true) {
    if (rank == 0) {
      go = static_cast<char>(std::getline(std::cin, line) ? 1 : 0);
      MPI_Send(&go, 1, MPI_CHAR, 1, 1, MPI_COMM_WORLD);
    } else {
      wait_asleep(0, 1);
      MPI_Recv(&go, 1, MPI_CHAR, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    if (go == 0) break;
    char ready = 0;  // both awake before the clock starts
    if (rank == 1) MPI_Send(&ready, 1, MPI_CHAR, 0, 3, MPI_COMM_WORLD);
    else MPI_Recv(&ready, 1, MPI_CHAR, 1, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    double const begin = MPI_Wtime();
    transfer(rank, memory, bytes);
    if (rank == 1) MPI_Send(&ready, 1, MPI_CHAR, 0, 4, MPI_COMM_WORLD);
    else MPI_Recv(&ready, 1, MPI_CHAR, 1, 4, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (rank == 0) {
      std::printf("%.9f\n", MPI_Wtime() - begin);
      std::fflush(stdout);
    }
  }
  MPI_Finalize();
  return 0;
}
