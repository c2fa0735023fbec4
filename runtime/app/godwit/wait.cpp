// `godwit wait`: until jobs have ended, and how.
#include <fmt/format.h>

#include <memory>

#include "app/godwit/json.hpp"
#include "app/godwit/outcome.hpp"
#include "app/godwit/talk.hpp"
#include "app/godwit/verbs.hpp"

namespace godwit::cli {
namespace {

int wait_for(Invocation const& invocation, std::vector<std::string> const& jobs) {
  auto const ended = ask_once<cmd::Jobs>(invocation, cmd::Wait{jobs});
  if (!ended) return invocation.complain(ended.failure());
  if (invocation.json) print_json(json_list(ended->rows));
  for (auto const& row : ended->rows) {
    if (!invocation.json) fmt::print("{}\n", spell_outcome(row));
  }
  return exit_code_of(ended->rows);
}

}  // namespace

void add_wait(CLI::App& app, Invocation& invocation) {
  auto& verb = add_verb(app, invocation, "wait", "Wait until jobs have ended; 0 if all finished, else 1",
                        "godwit wait          # for all\ngodwit wait 7 plate");
  auto jobs = std::make_shared<std::vector<std::string>>();
  verb.add_option("JOB", *jobs, "Numbers, names or 'last'; else all")->type_name("");
  verb.callback([&invocation, jobs] {
    invocation.action = [&invocation, jobs] { return wait_for(invocation, *jobs); };
  });
}

}  // namespace godwit::cli
