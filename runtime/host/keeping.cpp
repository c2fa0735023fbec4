// Copies of others' jobs, in this host's memory.
#include "host/keeping.hpp"

#include <fmt/format.h>

#include "base/figures.hpp"
#include "base/mutation.hpp"
#include "custody/commit.hpp"
#include "host/core.hpp"

namespace godwit::host {

namespace {

std::uint64_t total(std::vector<msg::PageRange> const& ranges) {
  std::uint64_t bytes = 0;
  for (auto const& range : ranges) bytes += range.bytes;
  return bytes;
}

bool fits(std::vector<msg::PageRange> const& ranges, std::uint64_t arena_bytes) {
  for (auto const& range : ranges) {
    if (range.bytes > arena_bytes || range.offset > arena_bytes - range.bytes) return false;
  }
  return true;
}

}  // namespace

std::uint64_t Host::Core::kept_bytes(JobId except) const {
  std::uint64_t bytes = 0;
  for (auto const& [arena, copy] : kept) bytes += copy.job == except ? 0 : copy.arena_bytes;
  for (auto const& [name, one] : incoming) bytes += one.round.job == except || one.round.base > 0 ? 0 : one.round.arena_bytes;
  return bytes;
}

Kept* Host::Core::kept_of(JobId job) {
  auto const at = copies.find(job);
  return at == copies.end() ? nullptr : &kept.at(at->second);
}

void Host::Core::on(Rank from, msg::OfferCopy const& message) {
  msg::CopyAwaited answer{message.job, message.epoch, {}};
  auto const* const copy = kept_of(message.job);
  auto const* const held = newest_of(message.job);
  auto const others = kept_bytes(message.job);
  if (quiescing) {
    answer.refusal = retry_later("stopping", "the runtime is stopping");
  } else if ((copy != nullptr && copy->epoch > message.epoch) || (held != nullptr && held->epoch >= message.epoch)) {
    answer.refusal = reject("old_epoch", fmt::format("host {} has job {} of a later epoch", self, message.job));
  } else if (others + message.arena_bytes > settings.partner_memory) {
    answer.refusal = retry_later(
        "partner_memory", fmt::format("job {} has no copy in memory: host {} keeps {} for others, and has no room for {} "
                                      "more (--partner-memory {})",
                                      message.job, self, spell_bytes(others), spell_bytes(message.arena_bytes),
                                      spell_bytes(settings.partner_memory)));
  }
  send(from, std::move(answer));
}

// Its pages must be taken, whatever becomes of them: they are on their way.
void Host::Core::on(Rank from, msg::CopyRound const& message) {
  auto const name = std::pair{from, message.stream};
  if (message.adopting) {
    auto* const held = newest_of(message.job);
    for (auto const capsule : capsules_of(message.job)) {
      auto& one = holdings.at(capsule);
      auto& copy = one.starting.copy;
      if (one.epoch != message.epoch || !copy || copy->keeper != from || !copy->asked || copy->stream) continue;
      copy->stream = message.stream;
      disarm(copy->patience);
      auto const time = settings.copy_patience + Duration{1s} * static_cast<std::int64_t>(message.arena_bytes >> 24);
      if (one.phase == Holding::Phase::preparing) copy->patience = arm(time, TimerKind::adoption, capsule);
      one.round_may_come = false;
      ++one.pins;
      receiving.emplace(name, capsule);
      return emit(ReceivePages{capsule, from, message.stream, message.arena_bytes, message.ranges});
    }
    return unexpected(from, message.job, held != nullptr ? held->epoch : message.epoch, "a copy");
  }
  auto& one = incoming[name];
  one.round = message;
  if (message.base == 0) {
    one.arena = last_capsule = last_capsule.next();
    emit(KeepArena{one.arena, message.memory_bytes, message.arena_bytes});
    return emit(ReceivePages{one.arena, from, message.stream, message.arena_bytes, message.ranges});
  }
  one.unwanted = !fits(message.ranges, message.arena_bytes);
  one.request = new_request();
  emit(ReceiveRound{one.request, from, message.stream, total(message.ranges)});
}

// Meanwhile the job may have come here, or the copy that this would change may have been given away, or is on its way to where the job
// goes on: then that must arrive as it was.
bool Host::Core::is_of_use(Rank from, msg::CopyRound const& round) {
  auto const* const held = newest_of(round.job);
  if (held != nullptr && held->epoch >= round.epoch) return false;
  auto const* const copy = kept_of(round.job);
  if (copy == nullptr) return round.base == 0;
  if (copy->epoch > round.epoch) return false;
  return round.base == 0 || (copy->source == from && copy->number == round.base && !copy->changing && copy->lent == 0);
}

bool Host::Core::round_came(PagesReceived const& event) {
  auto const at = incoming.find({event.from, event.stream});
  if (at == incoming.end()) return false;
  at->second.came = event.digest;
  judge_round(at->first);
  return true;
}

void Host::Core::on(Rank from, msg::CopySeal const& message) {
  if (message.adopting) {
    for (auto const capsule : capsules_of(message.job)) {
      auto& held = holdings.at(capsule);
      if (!held.starting.copy || held.starting.copy->stream != message.stream) continue;
      held.starting.copy->seal = message;
      if (held.phase == Holding::Phase::preparing) copy_has_come(held);
      return;
    }
    return;
  }
  auto const at = incoming.find({from, message.stream});
  if (at == incoming.end()) return;
  at->second.seal = message;
  judge_round(at->first);
}

void Host::Core::judge_round(std::pair<Rank, StreamId> name) {
  auto const at = incoming.find(name);
  if (!at->second.came || !at->second.seal) return;
  auto one = std::move(at->second);
  incoming.erase(at);
  auto const from = name.first;
  auto const& round = one.round;
  auto const& seal = *one.seal;
  bool const agrees = commit_digest(seal.label.manifest, seal.epoch, *one.came) == seal.digest ||
                      mutated(Mutation::keep_any_copy);
  if (one.unwanted || !agrees || !is_of_use(from, round)) {
    return refuse_round(from, one,
                        agrees ? reject("not_wanted", fmt::format("host {} has no copy of job {} that this would change", self, round.job))
                               : data_lost("digest", fmt::format("the copy of job {} that reached host {} is not the one that "
                                                                 "was sent: its digest differs",
                                                                 round.job, self)));
  }
  auto* const former = kept_of(round.job);
  if (one.arena == CapsuleId{0}) {
    former->changing = true;
    one.arena = former->arena;
    emit(ScatterRound{one.request, former->arena, round.arena_bytes, round.ranges});
    scattering.emplace(one.request, std::pair{from, std::move(one)});
    return;
  }
  bool const fresh = former == nullptr || former->epoch != round.epoch;
  if (former != nullptr) forget_copy(*former);
  Kept copy;
  copy.job = round.job;
  copy.epoch = round.epoch;
  copy.source = from;
  copy.arena = one.arena;
  copy.number = round.number;
  copy.arena_bytes = round.arena_bytes;
  copy.memory_bytes = round.memory_bytes;
  copy.label = seal.label;
  copies[round.job] = one.arena;
  kept.emplace(one.arena, std::move(copy));
  copy_is_kept(from, round.job, round.epoch, round.number, fresh);
}

void Host::Core::refuse_round(Rank from, Incoming const& one, Failure why) {
  one.arena != CapsuleId{0} ? emit(ForgetCapsule{one.arena}) : emit(ReleaseRound{one.request});
  send(from, msg::CopyKept{one.round.job, one.round.epoch, one.round.number, std::move(why)});
}

void Host::Core::on(rounds::Scattered const& event) {
  auto const [from, one] = std::move(scattering.extract(event.round).mapped());
  emit(ReleaseRound{event.round});
  auto const& round = one.round;
  auto const at = kept.find(one.arena);
  invariant(at != kept.end(), "a copy that changes is kept");
  auto& copy = at->second;
  copy.changing = false;
  bool const fresh = copy.epoch != round.epoch;
  copy.epoch = round.epoch;
  copy.number = round.number;
  copy.arena_bytes = round.arena_bytes;
  copy.label = one.seal->label;
  if (auto* const adopter = by_capsule(copy.arena)) {  // it was waited for
    auto& from_copy = *adopter->starting.copy;
    from_copy.label = copy.label;
    from_copy.whole = true;
    kept.erase(at);
    if (adopter->phase == Holding::Phase::released) return unpin(*adopter);
    --adopter->pins;
    return go_on_starting(*adopter);
  }
  for (auto const& [to, wish] : std::exchange(copy.wanted, {})) lend(to, copy, wish.epoch);
  if (copy.dropped) return forget_copy_if_unused(copy);
  copy_is_kept(from, round.job, round.epoch, round.number, fresh);
}

void Host::Core::copy_is_kept(Rank from, JobId job, Epoch epoch, std::uint64_t number, bool fresh) {
  send(from, msg::CopyKept{job, epoch, number, {}});
  if (fresh) tell(msg::CopyHere{job, epoch});
}

void Host::Core::on(Rank, msg::DropCopy const& message) {
  for (auto& [name, one] : incoming) {
    if (one.round.job == message.job && one.round.epoch <= message.epoch) one.unwanted = true;
  }
  auto* const copy = kept_of(message.job);
  if (copy == nullptr || copy->epoch > message.epoch) return;
  if (message.by_source) tell(msg::CopyHere{message.job, copy->epoch, true});
  forget_copy(*copy);
}

void Host::Core::forget_copy(Kept& copy) {
  if (auto const at = copies.find(copy.job); at != copies.end() && at->second == copy.arena) copies.erase(at);
  copy.dropped = true;
  forget_copy_if_unused(copy);
}

void Host::Core::forget_copy_if_unused(Kept& copy) {
  if (!copy.dropped || copy.changing || copy.lent > 0) return;
  if (!copy.referred_to) emit(ForgetCapsule{copy.arena});
  kept.erase(CapsuleId{copy.arena});
}

// ---- for the host at which the job is to go on

void Host::Core::on(Rank from, msg::WantCopy const& message) {
  auto* const copy = kept_of(message.job);
  if (copy == nullptr || copy->epoch != message.of) {
    return send(from, msg::CopyRefused{message.job, message.epoch,
                                       reject("no_copy", fmt::format("host {} has no copy of job {} of epoch {} any more", self,
                                                                     message.job, message.of))});
  }
  if (copy->changing) return copy->wanted.emplace_back(from, message), void();
  lend(from, *copy, message.epoch);
}

void Host::Core::lend(Rank to, Kept& copy, Epoch epoch) {
  last_stream = last_stream.next();
  std::vector<msg::PageRange> all;
  if (copy.arena_bytes > 0) all.push_back({0, copy.arena_bytes});
  send(to, msg::CopyRound{copy.job, epoch, true, copy.number, 0, last_stream, copy.arena_bytes, copy.memory_bytes, all});
  emit(SendPages{copy.arena, to, last_stream, std::move(all)});
  lending.emplace(std::pair{to, last_stream}, std::pair{copy.arena, epoch});
  ++copy.lent;
}

bool Host::Core::lent(PagesSent const& event) {
  auto const at = lending.find({event.to, event.stream});
  if (at == lending.end()) return false;
  auto const [arena, epoch] = at->second;
  lending.erase(at);
  auto& copy = kept.at(arena);
  --copy.lent;
  send(event.to, msg::CopySeal{copy.job, epoch, true, event.stream, copy.label,
                               commit_digest(copy.label.manifest, epoch, event.digest)});
  forget_copy_if_unused(copy);
  return true;
}

// Half of it had come: what MPI still refers to is never given back. What is whole stays: that is what it is for.
void Host::Core::source_died(Rank source) {
  for (auto at = incoming.begin(); at != incoming.end();) {
    auto const one = at++;
    if (one->first.first != source) continue;
    auto const& round = one->second;
    if (round.came) {
      round.arena != CapsuleId{0} ? emit(ForgetCapsule{round.arena}) : emit(ReleaseRound{round.request});
    } else if (round.arena == CapsuleId{0}) {
      emit(AbandonRound{round.request});
    }
    incoming.erase(one);
  }
  for (auto at = lending.begin(); at != lending.end();) {
    auto const one = at++;
    if (one->first.first != source) continue;
    auto& copy = kept.at(one->second.first);
    lending.erase(one);
    --copy.lent;
    copy.referred_to = true;
    forget_copy_if_unused(copy);
  }
}

// There was no memory for it. Its pages stay where they are: the host that sends them is told.
bool Host::Core::no_arena_for_copy(CapsuleId arena) {
  for (auto const& [name, one] : incoming) {
    if (one.arena != arena) continue;
    auto const failure = retry_later("no_memory", fmt::format("host {} has no memory for the copy of job {}", self, one.round.job));
    send(name.first, msg::CopyKept{one.round.job, one.round.epoch, one.round.number, failure});
    incoming.erase(name);
    return true;
  }
  return false;
}

}  // namespace godwit::host
