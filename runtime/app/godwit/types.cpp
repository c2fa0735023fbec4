// `godwit types`: what can be submitted, with which parameters and methods. Without a runtime: what one that
// was started here would know.
#include <fmt/format.h>

#include <memory>

#include "app/godwit/format.hpp"
#include "app/godwit/json.hpp"
#include "app/godwit/talk.hpp"
#include "app/godwit/verbs.hpp"
#include "testing/job_types.hpp"
#include "testing/places.hpp"
#include "testing/own_directory.hpp"

namespace godwit::cli {
namespace {

void list(std::vector<JobType> const& types) {
  Table table({{"TYPE"}, {"PARAMETERS"}});
  for (auto const& type : types) {
    std::string parameters;
    for (auto const& parameter : type.parameters) {
      parameters += parameters.empty() ? "" : " ";
      parameters +=
          parameter.name + "=" + parameter.fallback.value_or(fmt::format("<{}>", to_string(parameter.kind)));
    }
    table.add({type.name, parameters});
  }
  fmt::print("{}", table.text());
}

void show(JobType const& type) {
  fmt::print("{}   state version {}   {}\n", type.name, type.state_version, type.plugin_path);
  if (!type.parameters.empty()) {
    Table table({{"  PARAMETER"}, {"KIND"}, {"DEFAULT"}, {"MEANING"}});
    for (auto const& parameter : type.parameters) {
      table.add({"  " + parameter.name, to_string(parameter.kind), parameter.fallback.value_or("(required)"),
                 parameter.help});
    }
    fmt::print("{}", table.text());
  }
  if (!type.methods.empty()) {
    Table table({{"  METHOD"}, {"ARGUMENTS", Table::Align::right}, {"MEANING"}});
    for (auto const& method : type.methods) {
      table.add({"  " + method.name, fmt::format("{}", method.arity), method.help});
    }
    fmt::print("{}", table.text());
  }
}

Result<cmd::Types> types_here(std::string const& type) {
  testing::OwnDirectory const store("types");
  if (!store.made()) return store.made().failure();
  auto types =
      testing::find_job_types(type, testing::plugin_directories(), testing::capsule_program(), store.path());
  if (!types) return types.failure();
  return cmd::Types{*std::move(types)};
}

int types(Invocation const& invocation, std::string const& type) {
  auto known = ask_once<cmd::Types>(invocation, cmd::ListTypes{type});
  if (!known && rpc::is_unreachable(known.failure())) known = types_here(type);
  if (!known) return invocation.complain(known.failure());
  if (invocation.json) {
    print_json(json_list(known->types));
  } else if (type.empty()) {
    list(known->types);
  } else {
    for (auto const& one : known->types) show(one);
  }
  return exit_done;
}

}  // namespace

void add_types(CLI::App& app, Invocation& invocation) {
  auto& verb = add_verb(app, invocation, "types",
                        "List job types, or one type's parameters and methods; works without a runtime",
                        "godwit types heat");
  auto type = std::make_shared<std::string>();
  verb.add_option("TYPE", *type, "A job type; else all")->type_name("");
  verb.callback(
      [&invocation, type] { invocation.action = [&invocation, type] { return types(invocation, *type); }; });
}

}  // namespace godwit::cli
