#include "app/godwit/inspect/inspect.hpp"

#include <fmt/format.h>

#include <memory>

#include "app/godwit/inspect/verbs.hpp"

namespace godwit::inspect {
namespace {

struct Options {
  bool json{false};
  std::string target;
  std::vector<std::string> targets;
  bool all{false};
  DiffOptions diff;
  ExportOptions exported;
};

bool asked_for_json(CLI::App const& app) {
  auto const* const flag = app.get_option_no_throw("--json");
  return flag != nullptr && flag->count() > 0;
}

constexpr auto target_help =
    "JOB, JOB:GENERATION, JOB:latest, or a file; JOB is a number, an array's element 7_3, a name or 'last'";

}  // namespace

int complain(Asked const& asked, Failure const& failure) {
  fmt::print(stderr, "godwit: {}\n", failure.context);
  if (asked.json) print_json({{"error", {{"code", failure.code}, {"message", failure.context}}}});
  return exit_unreadable;
}

Failure in_file(Failure failure, std::filesystem::path const& path) {
  failure.context = fmt::format("{}: {}", path.string(), failure.context);
  return failure;
}

void print_json(Json const& document) {
  fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
}

void add_inspect(CLI::App& app, std::function<std::string()> store, std::function<int()>& action) {
  auto const options = std::make_shared<Options>();  // as long as the parser's callbacks
  auto& inspect = *app.add_subcommand("inspect", "Look into checkpoints: list, show, diff, verify, export");
  inspect.require_subcommand(1);
  inspect.fallthrough();
  inspect.footer(
      "\nExample:\n  godwit inspect show 7:latest\n\nWorks without a runtime. Exit codes: 0 good or same, 1 "
      "bad or "
      "different, 2 unreadable.");

  auto const add = [&](char const* name, char const* description, char const* example,
                       auto run) -> CLI::App& {
    auto& verb = *inspect.add_subcommand(name, description);
    verb.fallthrough();
    verb.add_flag("--json", options->json, "Answer in JSON");
    verb.footer(fmt::format("\nExample:\n  {}", example));
    verb.callback([&app, &action, store, options, run] {
      action = [&app, store, options, run] {
        return run(Asked{store(), options->json || asked_for_json(app)}, *options);
      };
    });
    return verb;
  };
  auto& list_verb = add("list", "Checkpoints of a job, or of all jobs in the store", "godwit inspect list 7",
                        [](Asked const& asked, Options const& given) { return list(asked, given.target); });
  list_verb.add_option("JOB", options->target, "A number, an array's element 7_3, a name or 'last'");

  auto& show_verb = add("show", "What is in a checkpoint", "godwit inspect show 7:12",
                        [](Asked const& asked, Options const& given) { return show(asked, given.target); });
  show_verb.add_option("CHECKPOINT", options->target, target_help)->required();

  auto& diff_verb =
      add("diff", "What changed from one checkpoint to another", "godwit inspect diff 7:11 7:12",
          [](Asked const& asked, Options const& given) { return diff(asked, given.diff); });
  auto& compared = options->diff;
  diff_verb.add_option("FIRST", compared.a, target_help)->required();
  diff_verb.add_option("SECOND", compared.b, "The same")->required();
  auto const tolerance = [&](char const* name, double& to, char const* help) {
    diff_verb.add_option(name, to, help)->type_name("X")->check(CLI::NonNegativeNumber);
  };
  tolerance("--rtol", compared.tolerance.relative,
            "Numbers are equal if |a - b| is at most X times the larger of |a| and |b|");
  tolerance("--atol", compared.tolerance.absolute, "Numbers are equal if |a - b| is at most X");
  diff_verb.footer(
      "\nNaN equals NaN. A file is read up to where both checkpoints were with it.\nExit codes: 0 same, 1 "
      "different, 2 unreadable.\n\nExample:\n  godwit inspect diff 7:11 7:12 --rtol 1e-12");

  auto& verify_verb = add("verify", "Check every digest of checkpoints; all in the store if none is named",
                          "godwit inspect verify 7:11 7:12", [](Asked const& asked, Options const& given) {
                            return given.all ? verify_all(asked) : verify(asked, given.targets);
                          });
  auto* targets = verify_verb.add_option("CHECKPOINT", options->targets, target_help);
  verify_verb.add_flag("--all", options->all, "All in the store: a line for each that fails, and a summary")->excludes(targets);

  auto& export_verb =
      add("export", "Write a checkpoint, or one field of it, to a file",
          "godwit inspect export 7:12 --field temperature -o t.csv",
          [](Asked const& asked, Options const& given) { return export_checkpoint(asked, given.exported); });
  auto& exported = options->exported;
  export_verb.add_option("CHECKPOINT", exported.target, target_help)->required();
  export_verb.add_option("--field", exported.field, "That field or array alone")->type_name("NAME");
  export_verb.add_option("-o,--output", exported.output, "The new file; '-' for stdout")->type_name("FILE");
  export_verb
      .add_option("--format", exported.format,
                  "h5, csv, raw (little-endian bytes) or json; csv for a field, else h5")
      ->check(CLI::IsMember({"h5", "csv", "raw", "json"}));
  export_verb.add_flag("--whole", exported.whole,
                       "With what lies in earlier checkpoints: a file that needs no other");
}

}  // namespace godwit::inspect
