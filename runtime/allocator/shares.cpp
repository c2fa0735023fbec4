// What users are told about accounts and fair shares, and what they say about them.
#include <fmt/format.h>

#include "allocator/core.hpp"

namespace godwit::allocator {

namespace {
Failure not_yet() {
  return reject("not_yet", "this runtime has no fair shares yet");
}
}  // namespace

void Allocator::Core::set_accounts(CommandReceived const& event, cmd::SetAccounts const& command) {
  commanded(event, fmt::format("{} account rules", command.rules.size()));
  journal(log::AccountsSet{command.rules, wall});
  reply(event.id, cmd::AccountsSet{static_cast<std::int32_t>(command.rules.size())});
}

void Allocator::Core::list_shares(CommandId command) {
  refuse(command, not_yet());
}

void Allocator::Core::explain(CommandId command, cmd::JobReference const&) {
  refuse(command, not_yet());
}

void Allocator::Core::drain(CommandReceived const& event, cmd::Drain const&) {
  refuse(event.id, not_yet());
}

}  // namespace godwit::allocator
