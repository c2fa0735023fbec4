// Asking the runtime: one question over the control socket, and the answer of the kind it must have.
// A refusal is a Failure; so is a runtime that can't be reached (rpc::is_unreachable).
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "app/godwit/invocation.hpp"
#include "base/result.hpp"
#include "edge/rpc/client.hpp"
#include "message/command.hpp"

namespace godwit::cli {

template <class Wanted>
Result<Wanted> ask_for(rpc::Client& client, Command const& command,
                       std::optional<Duration> patience = std::nullopt) {
  auto answer = client.ask(command, patience);
  if (!answer) return answer.failure();
  if (auto* wanted = std::get_if<Wanted>(&*answer)) return std::move(*wanted);
  return reject("unexpected_answer",
                "the runtime's answer is of another kind than expected; "
                "godwit and godwitd may be of different versions");
}

// The same over the session's connection.
template <class Wanted>
Result<Wanted> ask_once(Invocation const& invocation, Command const& command) {
  auto client = invocation.session.client(invocation.store());
  if (!client) return client.failure();
  return ask_for<Wanted>(**client, command);
}

}  // namespace godwit::cli
