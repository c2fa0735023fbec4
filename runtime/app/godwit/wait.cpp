// `godwit wait`: until jobs have ended, and how.
#include <fmt/format.h>

#include <memory>

#include "app/godwit/json.hpp"
#include "app/godwit/outcome.hpp"
#include "app/godwit/successor.hpp"
#include "app/godwit/talk.hpp"
#include "app/godwit/verbs.hpp"

namespace godwit::cli {
namespace {

// The array's own line, after those of its first failed elements.
Status say_array(rpc::Client& client, cmd::JobRow const& array) {
  if (array.elements->failed > 0) {
    auto const failed = ask_for<cmd::Jobs>(client, failed_elements(array.job));
    if (!failed) return failed.failure();
    for (auto const& row : failed->rows) fmt::print("{}\n", spell_outcome(row));
  }
  fmt::print("{}\n", spell_outcome(array));
  return Done{};
}

int wait_for(Invocation const& invocation, std::vector<std::string> const& jobs) {
  auto client = invocation.session.client(invocation.store());
  if (!client) return invocation.complain(client.failure());
  auto ended = ask_for<cmd::Jobs>(**client, cmd::Wait{jobs});
  while (!ended && rpc::is_unreachable(ended.failure())) {
    auto next = await_successor(invocation.store(), (*client)->runtime().term);
    if (!next) return invocation.complain(ended.failure());
    **client = *std::move(next);
    ended = ask_for<cmd::Jobs>(**client, cmd::Wait{jobs});
  }
  if (!ended) return invocation.complain(ended.failure());
  if (invocation.json) print_json(json_list(ended->rows));
  for (auto const& row : ended->rows) {
    if (invocation.json) break;
    if (!row.elements) {
      fmt::print("{}\n", spell_outcome(row));
    } else if (auto const said = say_array(**client, row); !said) {
      return invocation.complain(said.failure());
    }
  }
  return exit_code_of(ended->rows);
}

}  // namespace

void add_wait(CLI::App& app, Invocation& invocation) {
  auto& verb = add_verb(app, invocation, "wait", "Wait until jobs have ended; 0 if all finished, else 1",
                        "godwit wait          # for all\ngodwit wait 7 plate");
  auto jobs = std::make_shared<std::vector<std::string>>();
  verb.add_option("JOB", *jobs, job_help)->type_name("");
  verb.callback([&invocation, jobs] {
    invocation.action = [&invocation, jobs] { return wait_for(invocation, *jobs); };
  });
}

}  // namespace godwit::cli
