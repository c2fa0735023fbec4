// `godwit check`: runs a job type by itself, undisturbed and moved at every step, and names the first
// difference: the author's harness (godwit/testing.hpp) without a test. Needs neither a runtime nor a store.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>

#include "app/godwit/format.hpp"
#include "app/godwit/json.hpp"
#include "app/godwit/signals.hpp"
#include "app/godwit/verbs.hpp"
#include "app/workload/argument.hpp"
#include "base/figures.hpp"
#include "testing/places.hpp"
#include "testing/rehearsal.hpp"

namespace godwit::cli {
namespace {

namespace fs = std::filesystem;
using testing::Plan;
using testing::Run;

struct Check {
  std::vector<std::string> words;  // TYPE key=value …
  std::int32_t every{1};
  bool restarts{false};
  std::string keep;
  std::vector<std::string> plugins;
};

constexpr std::uint64_t many_steps = 2000;

// What an argument names in the present directory is put under the same name into each run's own: a file as a
// copy, and for an output the directory that it goes to.
void bring_along(testing::Piece& piece, std::string const& value) {
  if (auto const comma = value.find(','); comma != std::string::npos) {  // several names
    bring_along(piece, value.substr(comma + 1));
    return bring_along(piece, value.substr(0, comma));
  }
  fs::path const path(value);
  std::error_code ignored;
  if (value.empty() || path.is_absolute() || path.lexically_normal().native().starts_with("..")) return;
  if (fs::is_regular_file(path, ignored)) {
    piece.copies[value] = fs::absolute(path);
  } else if (auto const parent = path.parent_path(); !parent.empty() && fs::is_directory(parent, ignored)) {
    piece.directories.push_back(parent);
  }
}

Result<testing::Piece> piece_of(Check const& check) {
  testing::Piece piece;
  piece.type = check.words.front();
  for (std::size_t i = 1; i < check.words.size(); ++i) {
    auto pair = parse_pair(check.words[i]);
    if (!pair) return pair.failure();
    bring_along(piece, pair->second);
    if (!piece.arguments.insert(*pair).second) {
      return reject("usage", fmt::format("the argument '{}' is given twice", pair->first));
    }
  }
  for (auto const& directory : check.plugins) piece.plugins.push_back(fs::absolute(directory));
  auto const usual = testing::plugin_directories();
  piece.plugins.insert(piece.plugins.end(), usual.begin(), usual.end());
  piece.capsule_program = testing::capsule_program();
  if (!check.keep.empty()) piece.keep = fs::absolute(check.keep);
  return piece;
}

Json json_of_run(Run const& run) {
  return {{"how", run.how},
          {"outcome", run.outcome},
          {"steps", run.steps},
          {"steps_vary", run.steps_vary},
          {"moves", run.moves},
          {"fields", run.fields.size()},
          {"arrays", run.arrays.size()},
          {"files", run.files.size()},
          {"printed_bytes", run.out.size() + run.err.size()}};
}

std::string plural(std::uint64_t n, char const* what) {
  return fmt::format("{} {}{}", spell_count(n), what, n == 1 ? "" : "s");
}

// Runs it as planned, and compares; "" if the same.
Result<std::string> compare(testing::Rehearsal& rehearsal, Run const& calm, Plan const& plan, Json& runs,
                            bool json) {
  auto const run = rehearsal.run(plan);
  if (!run) return run.failure();
  runs.push_back(json_of_run(*run));
  auto difference = calm.difference_from(*run);
  if (!json && difference.empty()) {
    fmt::print("{} ({}): the same {}, {}, {} and printed text\n", run->how,
               plural(run->moves, plan.kind == Plan::Kind::moves ? "move" : "restart"),
               plural(run->fields.size(), "field"), plural(run->arrays.size(), "array"),
               plural(run->files.size(), "file"));
    std::fflush(stdout);
  }
  return difference;
}

int gave_up(Invocation const& invocation, Failure const& why) {
  return invocation.complain(why, why.code == "interrupted" ? exit_interrupted : exit_refused);
}

int check_type(Invocation const& invocation, Check const& check) {
  auto piece = piece_of(check);
  if (!piece) return invocation.complain(piece.failure(), exit_usage);
  SignalWatch signals;  // Ctrl-C ends it in order: processes, and the directory of the runs
  piece->interrupted = [&signals] { return signals.came_within(0ms); };
  auto const arguments = piece->arguments;
  auto const keep = piece->keep;
  testing::Rehearsal rehearsal(*std::move(piece));
  auto const calm = rehearsal.run({});
  if (!calm) return gave_up(invocation, calm.failure());
  auto runs = Json::array({json_of_run(*calm)});
  if (!invocation.json)
    fmt::print("undisturbed: {} after {}{}\n", calm->outcome, plural(calm->steps, "step"),
               calm->steps_vary ? ", a number that varies" : "");
  std::fflush(stdout);
  if (check.every == 1 && calm->steps > many_steps) {
    fmt::print(stderr, "godwit: moving at each of {} steps takes a while; --every {} is quicker\n",
               spell_count(calm->steps), calm->steps / 100);
  }
  std::vector<Plan> plans{{Plan::Kind::moves, static_cast<std::uint64_t>(check.every)}};
  if (check.restarts) plans.push_back({Plan::Kind::restarts, static_cast<std::uint64_t>(check.every)});
  std::string difference;
  for (auto const& plan : plans) {
    auto found = compare(rehearsal, *calm, plan, runs, invocation.json);
    if (!found) return gave_up(invocation, found.failure());
    difference = *std::move(found);
    if (!difference.empty()) break;
  }
  if (invocation.json) {
    print_json({{"type", check.words.front()},
                {"arguments", arguments},
                {"same", difference.empty()},
                {"difference", difference.empty() ? Json() : Json(difference)},
                {"runs", runs}});
  } else if (!difference.empty()) {
    fmt::print("{}\n", difference);
  }
  if (keep && !invocation.json) fmt::print("files of the runs: {}\n", keep->native());
  return difference.empty() ? exit_done : exit_refused;
}

}  // namespace

void add_check(CLI::App& app, Invocation& invocation) {
  auto& verb = add_verb(
      app, invocation, "check", "Try a job type: does it come out the same when it is moved at every step?",
      "godwit check heat n=16 steps=40\n"
      "godwit check grep pattern=ERROR input=server.log output=errors.txt --every 10 --keep tried");
  auto check = std::make_shared<Check>();
  verb.add_option("TYPE", check->words, "A job type and its arguments: TYPE key=value …")
      ->type_name("")
      ->required();
  verb.add_option("--every", check->every, "Move every N steps; else at each")
      ->type_name("N")
      ->check(at_least(1));
  verb.add_flag("--restarts", check->restarts, "Also lose it every N steps, and go on from an older image");
  verb.add_option("--keep", check->keep, "Leave the files of each run here")->type_name("DIR");
  verb.add_option("--plugins", check->plugins,
                  "A directory of job types, before the usual ones; may be repeated")
      ->type_name("DIR")
      ->allow_extra_args(false)
      ->check(CLI::ExistingDirectory);
  verb.callback([&invocation, check] {
    invocation.action = [&invocation, check] { return check_type(invocation, *check); };
  });
}

}  // namespace godwit::cli
