#include "app/godwit/completion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "app/godwit/talk.hpp"

namespace godwit::cli {
namespace {

constexpr Duration patience{1s};

std::set<std::string> const job_verbs{"show",   "logs",       "wait",    "history", "migrate",
                                      "clone",  "checkpoint", "suspend", "resume",  "cancel",
                                      "remove", "call",       "ps",      "explain"};
std::set<std::string> const host_verbs{"drain", "undrain"};
std::set<std::string> const type_verbs{"submit", "create", "run", "check", "types"};

template <class Wanted>
std::optional<Wanted> ask(Invocation const& invocation, Command const& command) {
  auto client = invocation.session.client(invocation.store());
  if (!client) return std::nullopt;
  auto answer = ask_for<Wanted>(**client, command, patience);
  if (!answer) return std::nullopt;
  return *std::move(answer);
}

void add_jobs(Invocation const& invocation, std::set<std::string>& to) {
  to.insert({"all", "last"});
  auto const jobs = ask<cmd::Jobs>(invocation, cmd::ListJobs{});
  if (!jobs) return;
  for (auto const& row : jobs->rows)
    to.insert(row.spec.name.empty() ? fmt::format("{}", row.job) : row.spec.name);
}

void add_types(Invocation const& invocation, std::set<std::string>& to) {
  auto const types = ask<cmd::Types>(invocation, cmd::ListTypes{});
  if (!types) return;
  for (auto const& type : types->types) to.insert(type.name);
}

// The type's parameters, as "steps=".
void add_parameters(Invocation const& invocation, std::string const& type, std::set<std::string>& to) {
  auto const types = ask<cmd::Types>(invocation, cmd::ListTypes{type});
  if (!types || types->types.empty()) return;
  for (auto const& parameter : types->types.front().parameters) to.insert(parameter.name + "=");
}

void add_hosts(Invocation const& invocation, std::set<std::string>& to) {
  auto const hosts = ask<cmd::Hosts>(invocation, cmd::ListHosts{});
  if (!hosts) return;
  for (auto const& row : hosts->rows) to.insert(fmt::format("{}", row.host));
}

}  // namespace

bool takes_file(std::vector<std::string> const& words) {
  if (words.size() < 2) return false;
  auto const& flag = words[words.size() - 2];
  bool const names_file = flag == "--store" || flag == "-D" || flag == "--cwd" || flag == "--each-line" ||
                          flag == "--stdout" || flag == "--stderr" || flag == "--plugins" ||
                          flag == "--accounts" || flag == "--csv" || flag == "--plot" || flag == "-o";
  auto const& verb = words.front();
  bool const takes_one =
      verb == "run" || verb == "submit" || verb == "create" || verb == "accounts" || verb == "simulate";
  return names_file || (words.size() == 2 && takes_one);
}

std::vector<std::string> completions(CLI::App const& app, Invocation const& invocation,
                                     std::vector<std::string> const& words) {
  std::set<std::string> all;
  auto const typed = words.empty() ? std::string() : words.back();
  // The verb, and how many words that aren't flags stand between it and the one being typed.
  auto const* verb = &app;
  std::size_t place = 0;
  std::string first;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i].starts_with('-')) continue;
    auto const* inner = place == 0 ? find_verb(*verb, words[i]) : nullptr;
    if (inner != nullptr) {
      verb = inner;
    } else if (place++ == 0) {
      first = words[i];
    }
  }
  auto const& name = verb->get_name();
  bool const after_host_flag = words.size() > 1 && words[words.size() - 2] == "--host";
  if (typed.starts_with('-')) {
    for (auto const& flag : flags_of(*verb)) all.insert(flag);
  } else if (after_host_flag || ((name == "migrate" || name == "clone") && place == 1) ||
             (host_verbs.contains(name) && place == 0)) {
    add_hosts(invocation, all);
  } else if (place == 0 && (!verbs_of(*verb).empty() || name == "help")) {
    for (auto const& each : verbs_of(name == "help" ? app : *verb)) all.insert(each);
  } else if (type_verbs.contains(name)) {
    if (place == 0) add_types(invocation, all);
    if (place > 0) add_parameters(invocation, first, all);
  } else if (job_verbs.contains(name) && (place == 0 || name == "wait")) {
    add_jobs(invocation, all);
  }
  std::vector<std::string> fitting;
  for (auto const& each : all) {
    if (each.starts_with(typed)) fitting.push_back(each);
  }
  return fitting;
}

}  // namespace godwit::cli
