// The `godwit` command: parses the command line, runs one verb, ends with its exit code. Links no MPI, so
// that it works on a login node.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "app/godwit/command_line.hpp"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_DFL);
  try {
    godwit::cli::Session session;
    godwit::cli::CommandLine command_line(session);
    return command_line.run({argv + 1, argv + argc});
  } catch (std::exception const& unexpected) {
    fmt::print(stderr, "godwit: {}\n", unexpected.what());
    return godwit::cli::exit_refused;
  }
}
