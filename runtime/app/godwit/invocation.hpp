// One call of the `godwit` command: what main() made of the command line, and how verbs join it.
//
// A verb is added with add_verb(), which gives it --store, --json and an example in its --help; its
// options write into a struct of its own, and its action, run after parsing, returns the exit code.
// One thread.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "app/godwit/session.hpp"
#include "base/result.hpp"

namespace godwit::cli {

// What `godwit` ends with; part of the interface to scripts.
enum ExitCode : int {
  exit_done = 0,
  exit_refused = 1,        // the request was refused, or a job failed
  exit_usage = 2,          // the command line or workload file is wrong
  exit_unreachable = 3,    // no runtime answers on this store, or it couldn't be started
  exit_requeue = 75,       // stopped early, everything checkpointed: run again to go on (EX_TEMPFAIL)
  exit_interrupted = 130,  // Ctrl-C while following a runtime that belongs to somebody else's terminal
};

// What a JOB argument may be: see cmd::JobReference.
inline constexpr char const* job_help =
    "7, an element 7_3, some of them 7_1-20, those in a state 7@failed, a name instead of the number, 'last' or 'all'";
inline constexpr char const* one_job_help = "7, an element 7_3, a name instead of the number, or 'last'";

struct Invocation {
  explicit Invocation(Session& within) : session(within) {}
  Invocation(Invocation const&) = delete;
  Invocation& operator=(Invocation const&) = delete;

  Session& session;
  std::string store_option;
  bool json{false};
  std::function<int()> action;  // of the verb that was given

  // --store, else the session's, else $GODWIT_STORE, else ./godwit-store; absolute. Needn't exist.
  [[nodiscard]] std::filesystem::path store() const;

  // Says why on stderr, and as JSON where that was asked for; returns the exit code: 3 for a runtime that
  // can't be reached, else 1, or the one given.
  int complain(Failure const& failure) const;
  int complain(Failure const& failure, ExitCode code) const;
};

// `example` is a whole command line; several are separated by '\n'.
CLI::App& add_verb(CLI::App& app, Invocation& invocation, std::string const& name,
                   std::string const& description, std::string const& example);

// What may stand there, without what is hidden.
[[nodiscard]] std::vector<std::string> verbs_of(CLI::App const& app);
[[nodiscard]] std::vector<std::string> flags_of(CLI::App const& app);
// The verb of that name or alias; null if there is none.
[[nodiscard]] CLI::App const* find_verb(CLI::App const& app, std::string const& name);

// For an option that takes a whole number.
CLI::Validator at_least(std::int32_t least);

// "godwit inspect show".
[[nodiscard]] std::string path_of(CLI::App const& verb, char const* between = " ");

// Says on stderr what is wrong with the command line, and the nearest known verb or flag.
int complain_of_usage(CLI::App& app, CLI::ParseError const& error);

}  // namespace godwit::cli
