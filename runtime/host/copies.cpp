// Copies of this host's jobs for its partner. One at a time of each job: offered, gathered at a safe point, sent while
// the job runs on, and counted on as soon as the partner has it whole.
#include <fmt/format.h>

#include "base/figures.hpp"
#include "base/mutation.hpp"
#include "custody/commit.hpp"
#include "host/core.hpp"

namespace godwit::host {

void Host::Core::on(Rank, msg::PartnerIs const& message) {
  if (message.partner == partner) return;
  auto const former = std::exchange(partner, message.partner);
  if (former == no_rank) return;
  forget_partner(former, false);
}

void Host::Core::copy_later(Holding& held) {
  disarm(held.copying.timer);
  held.copying.timer = arm(settings.partner_every, TimerKind::copy, held.capsule);
}

void Host::Core::copy_due(Holding& held) {
  auto& copying = held.copying;
  copying.timer.reset();
  copy_later(held);
  bool const here = held.is_live() && !held.superseded && !held.leaving && !quiescing;
  if (!here || partner == no_rank || dead.contains(partner) || copying.under_way()) return;
  if (stands_still(held) && !copying.changed) return;
  copying.offered = true;
  send(partner, msg::OfferCopy{held.job, held.epoch, held.report.arena_bytes});
}

void Host::Core::on(Rank from, msg::CopyAwaited const& message) {
  auto* const held = live_at(message.job, message.epoch);
  if (from != partner || held == nullptr || !held->copying.offered) return;
  auto& copying = held->copying;
  copying.offered = false;
  if (message.refusal) {
    copying.kept = 0;
    if (std::exchange(copying.told, true)) return;
    note(Level::warning, held->job, held->epoch, message.refusal->context);
    return tell(msg::Trouble{held->job, *message.refusal});
  }
  copying.due = true;
  settle(*held);
}

// Frozen, and the partner awaits it.
void Host::Core::gather_copy(Holding& held) {
  auto& copying = held.copying;
  copying.due = false;
  copying.changed = false;
  copying.sent = ++copying.last;
  auto const round = new_request();
  copying.gathering = round;
  ++held.pins;
  auto const arena_bytes = held.frozen->arena_bytes;
  outgoing.emplace(round, Outgoing{held.job, held.epoch, held.capsule, partner, {}, copying.sent, copying.kept, arena_bytes,
                                   held.spec.memory_bytes,
                                   {held.frozen->manifest, held.last_generation, age_of_interval(held), held.checkpoint_cost}});
  emit(GatherRound{round, held.capsule, arena_bytes, copying.kept == 0});
}

void Host::Core::on(rounds::Gathered const& event) {
  auto const at = outgoing.find(event.round);
  invariant(at != outgoing.end(), "a round is gathered once");
  auto& round = at->second;
  auto& held = holdings.at(round.capsule);
  bool const released = held.phase == Holding::Phase::released;
  bool const wanted = !released && held.copying.gathering == event.round;
  if (!wanted || event.no_room) {
    if (!event.no_room) emit(ReleaseRound{event.round});
    if (wanted) {
      held.copying.gathering.reset();
      held.copying.sent = held.copying.kept = 0;
      if (!std::exchange(held.copying.told, true)) {
        auto const why = retry_later("no_room", fmt::format("there is no room to copy {} of job {} for its partner: "
                                                            "start the runtime with a larger --partner-memory",
                                                            spell_bytes(round.arena_bytes), held.job));
        note(Level::warning, held.job, held.epoch, why.context);
        tell(msg::Trouble{held.job, why});
      }
    }
    outgoing.erase(at);
    if (released) return unpin(held);
    --held.pins;
    return settle(held);
  }
  --held.pins;
  held.copying.gathering.reset();
  last_stream = last_stream.next();
  round.stream = last_stream;
  send(round.to, msg::CopyRound{round.job, round.epoch, false, round.number, round.base, round.stream, round.arena_bytes,
                                round.memory_bytes, event.ranges});
  emit(SendRound{event.round, round.to, round.stream});
  sending_rounds.emplace(std::pair{round.to, round.stream}, event.round);
  settle(held);
}

bool Host::Core::round_sent(PagesSent const& event) {
  auto const sent = sending_rounds.find({event.to, event.stream});
  if (sent == sending_rounds.end()) return false;
  auto const request = sent->second;
  sending_rounds.erase(sent);
  auto const round = std::move(outgoing.extract(request).mapped());
  auto const digest = commit_digest(round.label.manifest, round.epoch, event.digest);
  send(round.to, msg::CopySeal{round.job, round.epoch, false, round.stream, round.label, digest});
  emit(ReleaseRound{request});
  return true;
}

void Host::Core::on(Rank from, msg::CopyKept const& message) {
  auto* const held = live_at(message.job, message.epoch);
  if (from != partner || held == nullptr || held->copying.sent != message.number) return;
  held->copying.sent = 0;
  held->copying.kept = message.failure ? 0 : message.number;
  if (message.failure) note(Level::warning, held->job, held->epoch, message.failure->context);
}

// The job ends here, or goes on elsewhere with a newer state than the copy's.
void Host::Core::give_up_copy(Holding& held) {
  auto& copying = held.copying;
  bool const any = copying.under_way() || copying.kept > 0;
  disarm(copying.timer);
  copying = {};
  if (any && partner != no_rank) send(partner, msg::DropCopy{held.job, held.epoch, true});
}

// It has died, or another has taken its place.
void Host::Core::forget_partner(Rank former, bool died) {
  for (auto at = sending_rounds.begin(); at != sending_rounds.end();) {
    auto const one = at++;
    if (!died || one->first.first != former) continue;
    emit(AbandonRound{one->second});
    outgoing.erase(one->second);
    sending_rounds.erase(one);
  }
  for (auto const capsule : all_capsules()) {
    auto& held = holdings.at(capsule);
    if (!held.is_live() || !held.spec.checkpoint_partner) continue;
    auto& copying = held.copying;
    if (!died && (copying.under_way() || copying.kept > 0)) send(former, msg::DropCopy{held.job, held.epoch, true});
    auto const last = copying.last;
    auto const timer = copying.timer;
    copying = {};
    copying.last = last;
    copying.timer = timer;
    settle(held);
  }
}

}  // namespace godwit::host
