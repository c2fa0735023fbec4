// What a host has to do with its manager: whom it speaks through, and what it takes from it. docs/protocol.md, "Managers".
#include <algorithm>

#include "base/mutation.hpp"
#include "host/core.hpp"

namespace godwit::host {

// Under another allocator it speaks for itself, until that one says otherwise.
void Host::Core::leave_group() {
  group = {};
}

// That it speaks for itself is told at once, and may overtake what made it one of a group: that isn't obeyed any more.
void Host::Core::on(Rank, msg::Managed const& message) {
  bool const overtaken = group.term == ballot.term() && message.version < group.version;
  if (overtaken && !mutated(Mutation::obey_an_old_group)) return;
  group = {ballot.term(), message.version, message.manager, 0, std::nullopt};
  emit(RouteVia{message.manager});
  if (message.manager != no_rank) return;
  msg::Regrouped answer{message.version, {}};
  for (auto const& [capsule, held] : holdings) {
    if (held.phase != Holding::Phase::released) answer.held.push_back({held.job, held.epoch});
  }
  queue.each([&](msg::StartJob const& start) { answer.held.push_back({start.job, start.epoch}); });
  tell(std::move(answer));
}

// After Regrouped, or a vote, nothing of what was ordered before is obeyed: the allocator counts on that.
void Host::Core::on(Rank from, msg::HandOn const& message) {
  bool const present = group.manager != no_rank && message.term == ballot.term() && group.term == message.term &&
                       group.version == message.version;
  if (!present && !mutated(Mutation::obey_an_old_hand_on)) {
    return note(Level::info, message.start.job, message.start.epoch,
                "not started: it was handed on to a group that there isn't any more");
  }
  ++group.handed;
  on(from, message.start);
}

// At the end of a step: the manager hands on what there is room for.
void Host::Core::tell_room() {
  if (group.manager == no_rank || group.term != ballot.term() || quiescing) return;
  auto const taken = cores_taken() + static_cast<std::int32_t>(queue.size());
  msg::Room const room{group.term, group.version, std::max(settings.has.cores - taken, 0), group.handed};
  if (group.told == room) return;
  group.told = room;
  send(group.manager, room);
}

}  // namespace godwit::host
