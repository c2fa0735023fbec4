// `godwit help [VERB]`, and what is made of the same texts: manual pages and completions.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "app/godwit/completion.hpp"
#include "app/godwit/manual.hpp"
#include "app/godwit/verbs.hpp"
#include "app/workload/suggestion.hpp"
#include "app/workload/workload_keys.hpp"

namespace godwit::cli {
namespace {

struct HelpOptions {
  std::vector<std::string> verb;  // "inspect show" is two
  bool manual{false};
};

constexpr char const* workload_word = "workload";

// The verb that the words lead to; nothing if one of them isn't a verb there.
CLI::App const* find(CLI::App const& app, std::vector<std::string> const& words) {
  auto const* at = &app;
  for (auto const& word : words) {
    at = find_verb(*at, word);
    if (at == nullptr) return nullptr;
  }
  return at;
}

// What --help prints. CLI11's own help() speaks of the verb that was given, which is this one.
std::string help_of(CLI::App const& verb) {
  return verb.get_formatter()->make_help(&verb, path_of(verb), CLI::AppFormatMode::Normal);
}

int help(CLI::App const& app, HelpOptions const& options) {
  if (options.verb == std::vector<std::string>{workload_word}) {
    fmt::print("{}", options.manual ? workload_manual() : workload_help());
    return exit_done;
  }
  auto const* const verb = find(app, options.verb);
  if (verb == nullptr) {
    auto known = verbs_of(app);
    known.emplace_back(workload_word);
    fmt::print(stderr, "godwit: no help on '{}'{}\n", fmt::join(options.verb, " "),
               suggestion(options.verb.front(), known));
    return exit_usage;
  }
  fmt::print("{}", options.manual ? manual_of(*verb) : help_of(*verb));
  return exit_done;
}

}  // namespace

void add_help(CLI::App& app, Invocation& invocation) {
  auto& verb =
      add_verb(app, invocation, "help", "How a verb is used; 'help workload': the keys of workload files",
               "godwit help migrate\ngodwit help workload");
  auto options = std::make_shared<HelpOptions>();
  verb.add_option("VERB", options->verb, "A verb, or 'workload'; else an overview")->type_name("");
  verb.add_flag("--man", options->manual, "As a manual page")->group("");
  verb.callback(
      [&app, &invocation, options] { invocation.action = [&app, options] { return help(app, *options); }; });

  // For shells: prints what the last word may become.
  auto& complete =
      add_verb(app, invocation, "complete", "What the last word may become", "godwit complete mig");
  complete.group("");
  complete.prefix_command();
  complete.callback([&app, &invocation, &complete] {
    invocation.action = [&app, &invocation, words = complete.remaining()] {
      for (auto const& each : completions(app, invocation, words)) fmt::print("{}\n", each);
      return exit_done;
    };
  });
}

}  // namespace godwit::cli
