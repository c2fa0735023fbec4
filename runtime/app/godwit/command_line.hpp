// The whole command line: every verb with its flags and help, and what to do with a line of words. Used by
// main(), by `shell` for each of its lines, and to make help, manual pages and completions of it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "app/godwit/invocation.hpp"

namespace godwit::cli {

class CommandLine {
 public:
  explicit CommandLine(Session& session);
  CommandLine(CommandLine const&) = delete;
  CommandLine& operator=(CommandLine const&) = delete;

  // Parses the words, those after `godwit`, and runs the verb; returns the exit code.
  int run(std::vector<std::string> words);

  // What the last of these words may become.
  [[nodiscard]] std::vector<std::string> completions_of(std::vector<std::string> const& words) const;

 private:
  Invocation invocation_;
  CLI::App app_;
};

}  // namespace godwit::cli
