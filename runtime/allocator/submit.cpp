// New jobs: their types are looked up. What is then made of them is in accept.cpp.
#include <fmt/format.h>

#include "allocator/core.hpp"

namespace godwit::allocator {

void Allocator::Core::look_up(CommandId command, std::string const& type) {
  auto const request = new_request();
  lookups.emplace(request, Lookup{command, type});
  out->push_back(FindTypes{request, type});
}

void Allocator::Core::submit(CommandReceived const& event, cmd::Submit const& command) {
  PendingSubmit pending{event.id, event.who, command, {}, {}};
  for (auto const& array : command.jobs) {
    pending.wanted.insert(array.spec.type);
  }
  auto const types = pending.wanted;
  auto const& kept = submits.emplace(event.id, std::move(pending)).first->second;
  if (kept.wanted.empty()) {
    submits.erase(event.id);
    return refuse(event.id, reject("empty", "there is no job in this submission"));
  }
  for (auto const& type : types) look_up(event.id, type);
}

void Allocator::Core::list_types(CommandId command, std::string const& type) {
  look_up(command, type);
}

void Allocator::Core::on(TypesFound const& event) {
  if (found_for_restart(event)) return;
  auto const at = lookups.find(event.request);
  if (at == lookups.end()) return;
  auto const lookup = std::move(at->second);
  lookups.erase(at);

  if (!event.types) {
    // One answer is enough: what else is on its way about this submission comes to nothing.
    std::erase_if(lookups, [&](auto const& other) { return other.second.command == lookup.command; });
    auto const submission = submits.extract(lookup.command);
    if (submission.empty()) return refuse(lookup.command, event.types.failure());
    CommandReceived const asked{lookup.command, submission.mapped().who, {}};
    return refuse_command(asked, fmt::format("submit {}", lookup.type), event.types.failure());
  }
  if (submits.contains(lookup.command)) return found_for_submit(lookup, event);
  reply(lookup.command, cmd::Types{*event.types});
}

void Allocator::Core::found_for_submit(Lookup const& lookup, TypesFound const& found) {
  auto& pending = submits.at(lookup.command);
  for (auto const& type : *found.types) {
    if (type.name == lookup.type) pending.types.emplace(type.name, type);
  }
  pending.wanted.erase(lookup.type);
  if (!pending.wanted.empty()) return;
  auto done = std::move(pending);
  submits.erase(lookup.command);
  accept_submit(done);
}

}  // namespace godwit::allocator
