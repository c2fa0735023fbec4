// Probing: hosts that find each other without the allocator (Eager, Lazowska and Zahorjan 1986). With each heart-beat a
// host looks whether it has more to run than it has cores for, or less, and asks a few others, one after the other. When
// two agree, the one that has the job says MoveWanted: custody changes hands as ever, by rank 0's word, which may also say
// nothing. Jobs that wait are not for probing: they have no state, and rank 0 grants them anew.
#include "policy/probing.hpp"

#include <algorithm>

#include "base/mutation.hpp"
#include "host/core.hpp"

namespace godwit::host {

namespace {

constexpr Duration answer_patience = 2s;  // a host that is slow, or gone, hasn't agreed
constexpr Duration offered_again = 30s;   // a job that rank 0 didn't move
constexpr Duration move_patience = 5s;    // until then a job that was agreed on counts as moved

}  // namespace

// Who can't be sure that its jobs are still its own asks nobody, and agrees to nothing; nor does who is to stop.
bool Host::Core::may_probe() const {
  bool const leased = leased_until && now < *leased_until;
  return probing && leased && !quiescing && ballot.allocator() != no_rank;
}

// Cores wanted by what runs or waits here, or comes here; what is suspended wants none, what leaves, or is about to, is gone.
std::int32_t Host::Core::cores_wanted() const {
  std::int32_t wanted = 0;
  for (auto const& [capsule, held] : holdings) {
    bool const over = held.phase == Holding::Phase::released || held.superseded || held.leaving.has_value();
    auto const offered = probing->offered.find(held.job);
    bool const leaves = offered != probing->offered.end() && now - offered->second < move_patience;
    if (!over && !held.suspended && !leaves) wanted += std::max(held.spec.cores, 1);
  }
  queue.each([&](msg::StartJob const& start) { wanted += std::max(start.spec.cores, 1); });
  return wanted;
}

void Host::Core::look_whom_to_probe() {
  if (!may_probe()) return;
  meet_others();
  if (probing->question) return;
  auto const wanted = cores_wanted();
  if (wanted > settings.probing->tuning.threshold && offer() != nullptr) {
    if (auto const probe = probing->probing.arrived(wanted - 1, now, probing->random)) return ask(*probe);
  }
  if (!takes_one()) return;
  if (auto const probe = probing->probing.ended(wanted, now, probing->random)) ask(*probe);
}

// When it has agreed to take a job, and that hasn't come, it takes no other, or two would come for one place.
bool Host::Core::takes_one() const {
  bool const expects = probing->taking && now - *probing->taking < move_patience;
  return !closed && !expects;
}

// Those that may be alive. A host that is gone is asked no more; a round with it is over.
void Host::Core::meet_others() {
  std::vector<Rank> others;
  for (Rank rank{1}; rank.value <= settings.probing->hosts; rank = rank.next()) {
    if (rank != self && !lost.contains(rank) && !dead.contains(rank)) others.push_back(rank);
  }
  if (others == probing->others) return;
  probing->others = others;
  probing->probing.set_others(std::move(others));
  end_round();
}

void Host::Core::ask(policy::Probe const& probe) {
  probing->question = new_request();
  probing->asked = probe.whom;
  probing->gives = probe.what == policy::Probe::Question::take;
  disarm(probing->patience);
  probing->patience = arm(answer_patience, TimerKind::probe);
  send(probe.whom, msg::Probe{*probing->question, probing->gives});
}

void Host::Core::end_round() {
  if (!probing) return;
  probing->question.reset();
  probing->asked = no_rank;
  disarm(probing->patience);
}

// Of those that run here and that nobody wants anything of, the smallest. One that was offered of late isn't again, and
// one that is here by itself would be no better off elsewhere.
Holding* Host::Core::offer() {
  std::erase_if(probing->offered, [this](auto const& one) { return now - one.second >= offered_again; });
  Holding* best = nullptr;
  auto const wanted = cores_wanted();
  for (auto& [capsule, held] : holdings) {
    bool const runs = held.is_live() && !held.suspended && !held.superseded && !held.died &&
                      held.halt == Holding::Halt::none && !held.leaving && !held.saving.wanted();
    bool const bound = held.spec.host != no_rank || !held.spec.together.empty() || probing->offered.contains(held.job);
    if (!runs || bound || held.spec.cores >= wanted) continue;
    if (best == nullptr || held.report.arena_bytes < best->report.arena_bytes) best = &held;
  }
  return best;
}

// To a host that has agreed. The ledger's word comes first: rank 0 journals the intent, or leaves the job where it is.
bool Host::Core::give_to(Rank target) {
  auto* const held = offer();
  if (held == nullptr) return false;
  probing->offered[held->job] = now;
  tell(msg::MoveWanted{held->job, held->epoch, target, true});
  return true;
}

void Host::Core::on(Rank from, msg::Probe const& message) {
  msg::ProbeAnswer answer{message.request, false};
  if (may_probe() && !lost.contains(from)) {
    auto const what = message.gives ? policy::Probe::Question::take : policy::Probe::Question::give;
    answer.agrees = probing->probing.answers(what, cores_wanted()) && (message.gives ? takes_one() : give_to(from));
    if (answer.agrees && message.gives) probing->taking = now;
  }
  send(from, answer);
}

void Host::Core::on(Rank from, msg::ProbeAnswer const& message) {
  if (!probing || !probing->question) return;
  bool const fresh = probing->question == message.request && probing->asked == from;
  if (!fresh && !mutated(Mutation::believe_an_old_answer)) return;
  if (!message.agrees || !may_probe() || (probing->gives && !give_to(from))) return refused();
  if (!probing->gives) probing->taking = now;
  end_round();
  probing->probing.agreed();
}

// By an answer, by silence, or by death. Those who have died since the round began aren't asked.
void Host::Core::refused() {
  end_round();
  if (!may_probe()) return probing->probing.agreed();
  while (auto const next = probing->probing.refused(now, probing->random)) {
    if (!lost.contains(next->whom) && !dead.contains(next->whom)) return ask(*next);
  }
}

}  // namespace godwit::host
