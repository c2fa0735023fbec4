#include "app/godwit/invocation.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "app/workload/suggestion.hpp"
#include "edge/rpc/client.hpp"

namespace godwit::cli {
namespace {

// The verb that was given, as deep as it was recognised.
CLI::App const& innermost(CLI::App const& app) {
  auto const given = app.get_subcommands();
  return given.empty() ? app : innermost(*given.front());
}

std::string usage_problem(CLI::App const& app, CLI::ParseError const& error) {
  auto const& verb = innermost(app);
  auto const leftover = app.remaining(true);
  bool const wants_verb = !verbs_of(verb).empty();
  for (auto const& word : leftover) {
    bool const number_like =
        word.size() > 1 && std::string_view("0123456789.").find(word[1]) != std::string_view::npos;
    if (word.size() < 2 || word[0] != '-' || number_like) continue;
    auto const flag = word.substr(0, word.find('='));
    return fmt::format("unknown flag '{}'{}", flag, suggestion(flag, flags_of(verb)));
  }
  if (wants_verb && !leftover.empty()) {
    return fmt::format("unknown verb '{}'{}", leftover.front(), suggestion(leftover.front(), verbs_of(verb)));
  }
  if (wants_verb) return fmt::format("a verb is missing{}", suggestion("", verbs_of(verb)));
  if (!leftover.empty()) return fmt::format("'{}' is one argument too many", leftover.front());
  return error.what();
}

}  // namespace

std::vector<std::string> verbs_of(CLI::App const& app) {
  std::vector<std::string> verbs;
  for (auto const* verb :
       app.get_subcommands([](CLI::App const* one) { return !one->get_group().empty(); })) {
    verbs.push_back(verb->get_name());
    for (auto const& alias : verb->get_aliases()) verbs.push_back(alias);
  }
  return verbs;
}

CLI::App const* find_verb(CLI::App const& app, std::string const& name) {
  auto const found = app.get_subcommands([&](CLI::App const* one) { return one->check_name(name); });
  return found.empty() ? nullptr : found.front();
}

std::vector<std::string> flags_of(CLI::App const& app) {
  std::vector<std::string> flags;
  for (auto const* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    for (auto const& name : option->get_lnames()) flags.push_back("--" + name);
    for (auto const& name : option->get_snames()) flags.push_back("-" + name);
  }
  return flags;
}

std::filesystem::path Invocation::store() const {
  std::filesystem::path chosen = store_option.empty() ? session.store_option : store_option;
  if (chosen.empty()) {
    auto const* from_environment = std::getenv("GODWIT_STORE");
    chosen = from_environment != nullptr && *from_environment != '\0' ? from_environment : "godwit-store";
  }
  return std::filesystem::absolute(chosen).lexically_normal();
}

int Invocation::complain(Failure const& failure) const {
  return complain(failure, rpc::is_unreachable(failure) ? exit_unreachable : exit_refused);
}

int Invocation::complain(Failure const& failure, ExitCode code) const {
  fmt::print(stderr, "godwit: {}\n", failure.context);
  if (json) {
    nlohmann::json const object{{"error", {{"code", failure.code}, {"message", failure.context}}}};
    fmt::print("{}\n", object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  return code;
}

CLI::App& add_verb(CLI::App& app, Invocation& invocation, std::string const& name,
                   std::string const& description, std::string const& example) {
  auto& verb = *app.add_subcommand(name, description);
  verb.add_option("--store", invocation.store_option, "The store; else $GODWIT_STORE, else ./godwit-store")
      ->type_name("DIR");
  verb.add_flag("--json", invocation.json, "Answer in JSON");
  std::string footer = "\nExample:";
  for (std::size_t begin = 0; begin <= example.size();) {
    auto const end = std::min(example.find('\n', begin), example.size());
    footer += "\n  " + example.substr(begin, end - begin);
    begin = end + 1;
  }
  verb.footer(footer);
  return verb;
}

CLI::Validator at_least(std::int32_t least) {
  auto const check = [least](std::string& word) -> std::string {
    std::int32_t number = 0;
    auto const* last = word.data() + word.size();
    auto const [end, error] = std::from_chars(word.data(), last, number);
    if (error == std::errc{} && end == last && number >= least) return {};
    return fmt::format("'{}' is not a whole number from {}", word, least);
  };
  return {check, ""};
}

std::string path_of(CLI::App const& verb, char const* between) {
  auto const* parent = verb.get_parent();
  return parent == nullptr ? "godwit" : path_of(*parent, between) + between + verb.get_name();
}

int complain_of_usage(CLI::App& app, CLI::ParseError const& error) {
  fmt::print(stderr, "godwit: {}\nSee '{} --help'.\n", usage_problem(app, error), path_of(innermost(app)));
  return exit_usage;
}

}  // namespace godwit::cli
