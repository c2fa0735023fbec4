// Acts in words, for the way that leads to what is wrong.
#include <fmt/format.h>

#include "explorer/world.hpp"

namespace godwit::explorer {

namespace {

std::string called(Place place) {
  if (is_allocator(place)) return fmt::format("allocator of term {}", place - first_allocator_place);
  return fmt::format("host {}", place);
}

}  // namespace

std::string describe(Act const& act) {
  auto const host = called(act.a);
  switch (act.kind) {
    case Act::Kind::deliver:
      return fmt::format("{} → {}", called(act.a), called(act.b));
    case Act::Kind::lose:
      return fmt::format("what {} sent to {} before it ended is lost", called(act.a), called(act.b));
    case Act::Kind::notice_death:
      return fmt::format("{} learns that {} has died", host, called(act.b));
    case Act::Kind::prepared:
      return host + ": the capsule for the arrival is prepared";
    case Act::Kind::runs:
      return host + ": the job runs";
    case Act::Kind::frozen:
      return host + ": the job is frozen, its pages go out";
    case Act::Kind::pages_sent:
      return host + ": the pages are sent, and the commit frame after them";
    case Act::Kind::torn_commit:
      return host + ": the pages are sent, and the commit frame after them; they arrive damaged";
    case Act::Kind::grant:
      return fmt::format("allocator: grants job {} to {}", act.index, host);
    case Act::Kind::take_over:
      return "a new allocator takes over";
    case Act::Kind::learn_death:
      return fmt::format("allocator: learns that {} has died", host);
    case Act::Kind::fence:
      return fmt::format("allocator: {}'s lease has surely run out: it is fenced", host);
    case Act::Kind::lease_out:
      return host + ": its lease runs out";
    case Act::Kind::move:
      return fmt::format("allocator: job {} is to move to {}", act.index, host);
    case Act::Kind::cancel:
      return fmt::format("allocator: job {} is to be cancelled", act.index);
    case Act::Kind::finish:
      return host + ": the job finishes";
    case Act::Kind::crash:
      return host + ": the job's process crashes";
    case Act::Kind::refuse:
      return host + ": can't take the job in, or finds no safe point to let it go";
    case Act::Kind::host_dies:
      return host + " dies";
    case Act::Kind::allocator_dies:
      return "the allocator dies";
    case Act::Kind::cut_off:
      return fmt::format("allocator: has long heard nothing of {} and gives it up; it lives", host);
    case Act::Kind::thaw_by_itself:
      return host + ": thaws the job by itself, after its commit frame";
  }
  return "?";
}

}  // namespace godwit::explorer
