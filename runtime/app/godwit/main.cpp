// The `godwit` command: parses the command line, runs one verb, ends with its exit code. Links no MPI, so
// that it works on a login node.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string_view>
#include <vector>

#include "app/godwit/inspect/inspect.hpp"
#include "app/godwit/verbs.hpp"

namespace godwit::cli {
namespace {

// `-- PROGRAM ARG …` is refused by name, before its words are taken for anything else.
bool asks_for_a_program(std::vector<std::string> const& words) {
  auto const dashes = std::find(words.begin(), words.end(), "--");
  return dashes != words.end() && std::any_of(words.begin(), dashes, [](std::string const& word) {
           return word == "run" || word == "submit" || word == "create";
         });
}

int run_command(int argc, char** argv) {
  std::vector<std::string> const words(argv + 1, argv + argc);
  if (asks_for_a_program(words)) {
    fmt::print(stderr,
               "godwit: running programs ('-- PROGRAM ARG …') is not supported yet; "
               "'godwit types' lists the job types there are\n");
    return exit_usage;
  }
  CLI::App app("Runs jobs inside one MPI allocation and moves them between hosts while they run.", "godwit");
  app.set_version_flag("--version", "godwit " GODWIT_VERSION);
  app.require_subcommand(1);
  Invocation invocation;
  app.add_option("--store", invocation.store_option, "The store; else $GODWIT_STORE, else ./godwit-store")
      ->type_name("DIR");
  app.add_flag("--json", invocation.json, "Answer in JSON");
  app.footer(
      "\n'godwit VERB --help' shows a verb's flags and an example. Exit codes: 0 done, 1 refused or a job "
      "failed,\n2 usage, 3 no runtime, 75 stopped early with every job checkpointed.");
  add_runtime_verbs(app, invocation);
  add_run(app, invocation);
  add_submit(app, invocation);
  add_list_verbs(app, invocation);
  add_logs(app, invocation);
  add_wait(app, invocation);
  add_act_verbs(app, invocation);
  add_types(app, invocation);
  add_check(app, invocation);
  int inspected = exit_done;  // inspect runs while the command line is parsed
  invocation.action = [&inspected] { return inspected; };
  inspect::add_inspect(app, [&invocation] { return invocation.store().string(); }, inspected);
  try {
    app.parse(argc, argv);
  } catch (CLI::Success const& help) {
    return app.exit(help);
  } catch (CLI::ParseError const& error) {
    return complain_of_usage(app, error);
  }
  return invocation.action();
}

}  // namespace
}  // namespace godwit::cli

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_DFL);
  try {
    return godwit::cli::run_command(argc, argv);
  } catch (std::exception const& unexpected) {
    fmt::print(stderr, "godwit: {}\n", unexpected.what());
    return godwit::cli::exit_refused;
  }
}
