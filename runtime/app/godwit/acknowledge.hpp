// What verbs that do something to jobs have in common: each outcome is said, and 1 returned if any was a refusal.
#pragma once

#include "app/godwit/invocation.hpp"
#include "message/command.hpp"

namespace godwit::cli {

int acknowledge(Invocation const& invocation, Command const& command);
int acknowledge(Invocation const& invocation, cmd::Acted const& acted);

}  // namespace godwit::cli
