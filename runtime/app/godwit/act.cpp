// Verbs that do something to a job and say what came of it: migrate clone checkpoint suspend resume cancel
// call.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "app/godwit/acknowledge.hpp"
#include "app/godwit/json.hpp"
#include "app/godwit/talk.hpp"
#include "app/godwit/verbs.hpp"

namespace godwit::cli {

int acknowledge(Invocation const& invocation, Command const& command) {
  auto const acted = ask_once<cmd::Acted>(invocation, command);
  return acted ? acknowledge(invocation, *acted) : invocation.complain(acted.failure());
}

int acknowledge(Invocation const& invocation, cmd::Acted const& acted) {
  if (invocation.json) print_json(json_list(acted.acts));
  bool refused = false;
  for (auto const& act : acted.acts) {
    if (act.failure) {
      refused = true;
      fmt::print(stderr, "godwit: {}\n", act.failure->context);
    } else if (!invocation.json) {
      auto const job = act.clone.value_or(act.job);
      fmt::print("{}{}\n", job.value == 0 ? "" : fmt::format("job {} ", job), act.what);
    }
  }
  return refused ? exit_refused : exit_done;
}

namespace {

// A verb that takes a job and nothing else.
template <class OneJob>
CLI::App& add_plain(CLI::App& app, Invocation& invocation, char const* name, char const* description,
                    char const* example) {
  auto& verb = add_verb(app, invocation, name, description, example);
  auto job = std::make_shared<std::string>();
  verb.add_option("JOB", *job, job_help)->required()->type_name("");
  verb.callback([&invocation, job] {
    invocation.action = [&invocation, job] { return acknowledge(invocation, OneJob{*job}); };
  });
  return verb;
}

// A verb that takes a job and, if one is wanted, a host.
template <class OneJob>
CLI::App& add_with_host(CLI::App& app, Invocation& invocation, char const* name, char const* description,
                        char const* example, char const* host_help) {
  auto& verb = add_verb(app, invocation, name, description, example);
  struct Options {
    std::string job;
    std::int32_t host{no_rank.value};
  };
  auto options = std::make_shared<Options>();
  verb.add_option("JOB", options->job, job_help)->required()->type_name("");
  auto* host = verb.add_option("HOST", options->host, host_help);
  host->type_name("")->check(at_least(0));
  verb.callback([&invocation, options, host] {
    invocation.action = [&invocation, options, given = host->count() > 0] {
      OneJob command{options->job, {}};
      if (given) command.host = Rank{options->host};
      return acknowledge(invocation, command);
    };
  });
  return verb;
}

// Arguments such as -0.5 look like flags: only those that are numbers are let through.
bool is_number(std::string const& word) {
  char* end = nullptr;
  static_cast<void>(std::strtod(word.c_str(), &end));
  return !word.empty() && *end == '\0';
}

int call(Invocation const& invocation, cmd::Call const& command) {
  auto const acted = ask_once<cmd::Acted>(invocation, command);
  if (!acted) return invocation.complain(acted.failure());
  if (invocation.json) print_json(json_list(acted->acts));
  bool refused = false;
  for (auto const& act : acted->acts) {
    if (act.failure) {
      refused = true;
      fmt::print(stderr, "godwit: {}\n", act.failure->context);
    } else if (!invocation.json && !act.answer.empty()) {
      fmt::print("{}\n", act.answer);
    }
  }
  return refused ? exit_refused : exit_done;
}

void add_call(CLI::App& app, Invocation& invocation) {
  auto& verb = add_verb(app, invocation, "call", "Call a method of a running job, between two of its steps",
                        "godwit call plate set_alpha 0.4\ngodwit types heat        # shows its methods");
  auto command = std::make_shared<cmd::Call>();
  verb.add_option("JOB", command->job, job_help)->required()->type_name("");
  verb.add_option("METHOD", command->method, "The method's name")->required()->type_name("");
  verb.allow_extras();
  verb.footer("\nArguments of the method follow its name." + verb.get_footer());
  verb.callback([&invocation, &verb, command] {
    auto const flag_like = [](std::string const& word) {
      return word.size() > 1 && word[0] == '-' && !is_number(word);
    };
    command->arguments = verb.remaining();
    std::erase(command->arguments, "--");
    auto const bad = std::find_if(command->arguments.begin(), command->arguments.end(), flag_like);
    if (bad != command->arguments.end()) throw CLI::ExtrasError("call", {*bad});
    invocation.action = [&invocation, command] { return call(invocation, *command); };
  });
}

}  // namespace

void add_act_verbs(CLI::App& app, Invocation& invocation) {
  add_with_host<cmd::Migrate>(
      app, invocation, "migrate", "Move a job to another host while it runs",
      "godwit migrate 7 3      # to host 3\ngodwit migrate plate    # to the best host",
      "A host's number, as 'godwit hosts' shows it; else the best");
  auto& clone = add_with_host<cmd::Clone>(
      app, invocation, "clone", "Make a new job that goes on from a copy of a job's state",
      "godwit clone plate       # wherever there is room\ngodwit clone 7 2         # on host 2",
      "A host's number: the clone runs there only; else where there is room");
  clone.footer(
      "\nThe job itself goes on. Where it writes to PATH, its clone, job 9, writes to PATH.clone-9, which\n"
      "begins as a copy; inputs are shared. A suspended job has a suspended clone; one that waits is cloned\n"
      "from its newest checkpoint." +
      clone.get_footer());
  add_plain<cmd::Checkpoint>(app, invocation, "checkpoint", "Write a job's checkpoint now, while it runs",
                             "godwit checkpoint plate");
  add_plain<cmd::Suspend>(app, invocation, "suspend", "Pause a job at its next safe point",
                          "godwit suspend 7\ngodwit suspend sweep@running");
  add_plain<cmd::Resume>(app, invocation, "resume", "Let a suspended or held job go on",
                          "godwit resume 7\ngodwit resume all");
  add_plain<cmd::Cancel>(app, invocation, "cancel", "End a job for good",
                          "godwit cancel 7\ngodwit cancel 7_1-20 # of an array\ngodwit cancel sweep@waiting")
      .alias("remove");
  add_call(app, invocation);
}

}  // namespace godwit::cli
