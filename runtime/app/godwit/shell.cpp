// `godwit shell`: the same verbs, a line each, each in a process of its own, which Ctrl-C ends. On a terminal
// with a prompt, history and completion (libedit); on a pipe it reads lines and says nothing of its own.
#include <editline/readline.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <optional>

#include "app/godwit/command_line.hpp"
#include "app/godwit/completion.hpp"
#include "app/godwit/foreground.hpp"
#include "app/godwit/verbs.hpp"
#include "app/godwit/words.hpp"

namespace godwit::cli {
namespace {

constexpr int history_lines = 1000;

// libedit's callbacks take no context: the shell that is reading, of which there is one.
struct Completing {
  Session* session{nullptr};
  std::vector<std::string> found;
  std::size_t next{0};
} completing;

char* next_completion(char const*, int state) {
  if (state == 0) completing.next = 0;
  if (completing.next >= completing.found.size()) return nullptr;
  return ::strdup(completing.found[completing.next++].c_str());
}

char** complete(char const* text, int start, int) {
  completing.session->check();
  CommandLine command_line(*completing.session);
  auto words = split_words(std::string(rl_line_buffer).substr(0, static_cast<std::size_t>(start)));
  if (!words) return nullptr;
  words->emplace_back(text);
  completing.found = command_line.completions_of(*words);
  if (completing.found.empty() && takes_file(*words)) return nullptr;  // then libedit looks for files
  rl_attempted_completion_over = 1;
  return completing.found.empty() ? nullptr : rl_completion_matches(text, next_completion);
}

// ~/.local/state/godwit/history, or where the environment says; none without a home.
std::filesystem::path history_file() {
  auto const from = [](char const* name) {
    auto const* value = std::getenv(name);
    return std::filesystem::path(value == nullptr ? "" : value);
  };
  if (auto const given = from("GODWIT_HISTORY"); !given.empty()) return given;
  if (auto const state = from("XDG_STATE_HOME"); !state.empty()) return state / "godwit" / "history";
  if (auto const home = from("HOME"); !home.empty()) return home / ".local" / "state" / "godwit" / "history";
  return {};
}

// Lines from the user, one after the other.
class Lines {
 public:
  explicit Lines(Session& session) : terminal_(::isatty(STDIN_FILENO) == 1) {
    if (!terminal_) return;
    survive_interrupts();
    completing.session = &session;
    rl_readline_name = const_cast<char*>("godwit");
    rl_initialize();
    rl_attempted_completion_function = complete;
    using_history();
    stifle_history(history_lines);
    file_ = history_file();
    if (!file_.empty()) read_history(file_.c_str());
  }

  std::optional<std::string> next() {
    std::string line;
    if (!terminal_) return std::getline(std::cin, line) ? std::optional(line) : std::nullopt;
    char* read = nullptr;
    static_cast<void>(was_interrupted());  // that one was for the verb before
    while ((read = ::readline("godwit> ")) == nullptr && was_interrupted()) fmt::print("^C\n");
    if (read == nullptr) {
      fmt::print("\n");
      return std::nullopt;
    }
    line = read;
    std::free(read);
    remember(line);
    return line;
  }

  [[nodiscard]] bool terminal() const { return terminal_; }

 private:
  void remember(std::string const& line) {
    if (line.find_first_not_of(' ') == std::string::npos || line == last_) return;
    ::add_history(line.c_str());
    last_ = line;
    if (file_.empty()) return;
    std::error_code ignored;
    std::filesystem::create_directories(file_.parent_path(), ignored);
    write_history(file_.c_str());
  }

  bool terminal_;
  std::filesystem::path file_;
  std::string last_;
};

// Of a line of the shell: the exit code of its verb.
int run_line(std::string const& store, std::vector<std::string> words) {
  Session session;
  session.store_option = store;
  session.interactive = true;
  CommandLine command_line(session);
  try {
    return command_line.run(std::move(words));
  } catch (std::exception const& unexpected) {
    fmt::print(stderr, "godwit: {}\n", unexpected.what());
    return exit_refused;
  }
}

int shell(Invocation const& invocation) {
  if (invocation.session.interactive) {
    return invocation.complain(reject("usage", "this is the shell already; 'exit' leaves it"), exit_usage);
  }
  auto const store = invocation.store().string();
  Session session;  // for completions
  session.store_option = store;
  session.interactive = true;
  Lines lines(session);
  if (lines.terminal()) fmt::print("store {}; 'help' lists the verbs, 'exit' leaves\n", store);
  int code = exit_done;
  while (auto const line = lines.next()) {
    auto words = split_words(*line);
    if (!words) {
      fmt::print(stderr, "godwit: {}\n", words.failure().context);
      code = exit_usage;
      continue;
    }
    if (words->empty() || words->front().starts_with('#')) continue;
    if (words->size() == 1 && (words->front() == "exit" || words->front() == "quit")) break;
    if (words->front() == "godwit") words->erase(words->begin());
    code = run_in_foreground([&] { return run_line(store, *words); });
  }
  return code;
}

}  // namespace

void add_shell(CLI::App& app, Invocation& invocation) {
  auto& verb = add_verb(app, invocation, "shell", "The same verbs line by line, with history and completion",
                        "godwit shell\necho 'ps --json' | godwit shell");
  verb.footer(
      "\nAlso: help [VERB], exit. Ctrl-C ends the verb that runs, and at the prompt clears the line."
      "\nEnds with the exit code of the last verb.\n" +
      verb.get_footer());
  verb.callback([&invocation] { invocation.action = [&invocation] { return shell(invocation); }; });
}

}  // namespace godwit::cli
