#include "app/godwit/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/godwit/completion.hpp"
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

}  // namespace

CommandLine::CommandLine(Session& session)
    : invocation_(session),
      app_("Runs jobs inside one MPI allocation and moves them between hosts while they run.", "godwit") {
  app_.set_version_flag("--version", "godwit " GODWIT_VERSION);
  app_.require_subcommand(1);
  app_.add_option("--store", invocation_.store_option, "The store; else $GODWIT_STORE, else ./godwit-store")
      ->type_name("DIR");
  app_.add_flag("--json", invocation_.json, "Answer in JSON");
  app_.footer(
      "\n'godwit VERB --help' shows a verb's flags and an example. Exit codes: 0 done, 1 refused or a job "
      "failed,\n2 usage, 3 no runtime, 75 stopped early with every job checkpointed.");
  add_runtime_verbs(app_, invocation_);
  add_run(app_, invocation_);
  add_submit(app_, invocation_);
  add_list_verbs(app_, invocation_);
  add_show(app_, invocation_);
  add_logs(app_, invocation_);
  add_wait(app_, invocation_);
  add_act_verbs(app_, invocation_);
  add_again_verbs(app_, invocation_);
  add_prune(app_, invocation_);
  add_repair(app_, invocation_);
  add_fairness_verbs(app_, invocation_);
  add_drain_verbs(app_, invocation_);
  add_types(app_, invocation_);
  add_check(app_, invocation_);
  add_simulate(app_, invocation_);
  add_history(app_, invocation_);
  add_doctor(app_, invocation_);
  add_shell(app_, invocation_);
  add_help(app_, invocation_);
  inspect::add_inspect(
      app_, [this] { return invocation_.store().string(); }, invocation_.action);
}

int CommandLine::run(std::vector<std::string> words) {
  if (asks_for_a_program(words)) {
    fmt::print(stderr,
               "godwit: running programs ('-- PROGRAM ARG …') is not supported yet; "
               "'godwit types' lists the job types there are\n");
    return exit_usage;
  }
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  try {
    app_.parse(std::move(words));
  } catch (CLI::Success const& help) {
    return app_.exit(help);
  } catch (CLI::ParseError const& error) {
    return complain_of_usage(app_, error);
  }
  return invocation_.action();
}

std::vector<std::string> CommandLine::completions_of(std::vector<std::string> const& words) const {
  return completions(app_, invocation_, words);
}

}  // namespace godwit::cli
