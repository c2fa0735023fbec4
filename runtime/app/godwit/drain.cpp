// `godwit drain` and `godwit undrain`: a host that takes no jobs any more, and does again.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "app/godwit/json.hpp"
#include "app/godwit/talk.hpp"
#include "app/godwit/verbs.hpp"

namespace godwit::cli {
namespace {

void print_drained(cmd::Drained const& drained) {
  if (!drained.drained) return fmt::print("host {} takes jobs again\n", drained.host);
  auto const moving = drained.leaving.size();
  fmt::print("host {} takes no jobs any more", drained.host);
  if (moving > 0) {
    fmt::print("; {} job{} move{} away: {}", moving, moving == 1 ? "" : "s", moving == 1 ? "s" : "",
               fmt::join(drained.leaving, " "));
  }
  fmt::print("\n");
}

int drain(Invocation const& invocation, cmd::Drain const& command) {
  auto const drained = ask_once<cmd::Drained>(invocation, command);
  if (!drained) return invocation.complain(drained.failure());
  invocation.json ? print_json(json_of(*drained)) : print_drained(*drained);
  for (auto const& [job, why] : drained->staying) {
    fmt::print(stderr, "godwit: job {} stays on host {}: {}\n", job, drained->host, why.context);
  }
  return drained->staying.empty() ? exit_done : exit_refused;
}

void add_drain(CLI::App& app, Invocation& invocation, bool undrain, char const* name, char const* description,
               char const* example) {
  auto& verb = add_verb(app, invocation, name, description, example);
  auto host = std::make_shared<std::int32_t>(0);
  verb.add_option("HOST", *host, "Its number, as 'godwit hosts' shows it")
      ->required()
      ->type_name("")
      ->check(at_least(1));
  verb.callback([&invocation, host, undrain] {
    invocation.action = [&invocation, host, undrain] { return drain(invocation, {Rank{*host}, undrain}); };
  });
}

}  // namespace

void add_drain_verbs(CLI::App& app, Invocation& invocation) {
  add_drain(app, invocation, false, "drain", "Give a host no more jobs, and move those that it has away",
            "godwit drain 2           # before its node is serviced");
  add_drain(app, invocation, true, "undrain", "Let a drained host take jobs again", "godwit undrain 2");
}

}  // namespace godwit::cli
