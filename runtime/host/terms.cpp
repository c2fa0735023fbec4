#include <fmt/format.h>

#include <algorithm>

#include "base/mutation.hpp"
#include "host/core.hpp"

namespace godwit::host {

// Whether a message of the allocator's kind is to be obeyed.
bool Host::Core::obeys(Rank from, Term term) {
  switch (ballot.hears(from, term, now)) {
    case custody::Ballot::Hearing::older:
      if (mutated(Mutation::obey_an_old_term)) return true;
      send(from, msg::TermIs{ballot.term()});
      return false;
    case custody::Ballot::Hearing::newer:
      adopt(from);
      return true;
    case custody::Ballot::Hearing::known:
      return true;
  }
  return false;
}

// Another allocator leads from now on. What the former one was told, and may not have written down, it will hear
// again: what is held here is told when it says Welcome.
void Host::Core::adopt(Rank from) {
  seen = {};
  all_joined = false;
  leave_group();
  beat_outstanding.reset();
  candidacy.reset();
  if (ballot.has_joined()) {
    greeted = no_rank;
    note(Level::info, {}, {}, fmt::format("rank {} is the allocator now, of term {}", from, ballot.term()));
  }
}

void Host::Core::on(Rank from, msg::AskVote const& message) {
  auto refusal = message.trial ? ballot.objection(message, dead_ranks(), now)
                               : ballot.cast(from, message, dead_ranks(), now);
  if (!message.trial && !refusal) {
    candidacy.reset();
    seen = {};
    note(Level::info, {}, {}, fmt::format("votes for host {} and term {}", from, message.term));
    expect_succession();
  }
  send(from, msg::Vote{message.term, message.sent, message.trial, std::move(refusal)});
}

void Host::Core::on(Rank from, msg::Vote const& message) {
  if (!candidacy) return;
  stand(candidacy->hears(from, message, now));
}

// ---- as a candidate

std::set<Rank> Host::Core::dead_ranks() const {
  std::set<Rank> all;
  for (auto const& [rank, since] : dead) all.insert(rank);
  return all;
}

// As far as it is known here: the ledger has the last word.
std::set<Rank> Host::Core::electorate() const {
  std::set<Rank> members;
  if (ballot.under_first()) members.insert(allocator_rank);
  for (auto rank = Rank{1}; rank.value < ranks; rank = rank.next()) {
    if (!lost.contains(rank)) members.insert(rank);
  }
  return members;
}

// Who has ended so long ago that whatever it had promised has run out; rank 0 never promised anything. But on a host that it
// hasn't welcomed yet, the first allocator counts for ever: unless it has said that there is none, nobody can be left out.
std::set<Rank> Host::Core::surely_ended() const {
  std::set<Rank> ended;
  for (auto const& [rank, since] : dead) {
    bool const run_out = all_joined && now - since >= lease + lease / 16;
    if (rank == allocator_rank || run_out) ended.insert(rank);
  }
  return ended;
}

// The instant at which it is this host's turn to ask for votes.
Instant Host::Core::turn_to_ask() const {
  auto const whom = ballot.promised_to();
  auto since = ballot.heard() + settings.suspicion;
  if (auto const died = dead.find(whom); died != dead.end()) {
    since = died->second;
  } else if (ballot.allocator() == no_rank) {  // it was voted for, and hasn't begun
    since = ballot.heard() + (lease + lease / 16);
  }
  for (auto rank = Rank{1}; rank < self; rank = rank.next()) {
    if (!lost.contains(rank) && !dead.contains(rank)) since = since + settings.stagger;
  }
  return since;
}

void Host::Core::expect_succession() {
  disarm(succession_timer);
  if (ranks == 0 || !ballot.has_joined()) return;
  succession_timer = arm(std::max(turn_to_ask() - now, Duration{0}), TimerKind::succession);
}

void Host::Core::succession_due() {
  succession_timer.reset();
  if (quiescing || !ballot.has_joined()) return;
  if (now < turn_to_ask()) return expect_succession();
  auto const whom = ballot.promised_to();
  candidacy.emplace(self, electorate(), surely_ended(), lease);
  auto const question = candidacy->try_for(std::max(ballot.term(), newest_heard).next(),
                                           dead.contains(whom) ? whom : no_rank, now);
  for (auto const rank : candidacy->others()) send(rank, question);
  // Until it is elected, or votes for somebody else.
  succession_timer = arm(settings.stagger, TimerKind::succession);
  stand(candidacy->standing(now));
}

void Host::Core::stand(custody::Candidacy::Standing standing) {
  using Standing = custody::Candidacy::Standing;
  if (standing == Standing::would_win) {
    auto const question = candidacy->ask(now);
    if (ballot.cast(self, question, dead_ranks(), now)) return candidacy.reset();
    seen = {};
    note(Level::warning, {}, {}, fmt::format("asks for votes, to be the allocator of term {}", question.term));
    for (auto const rank : candidacy->others()) send(rank, question);
    expect_succession();
    standing = candidacy->standing(now);
  }
  if (standing == Standing::elected) {
    note(Level::warning, {}, {}, fmt::format("elected to be the allocator of term {}", ballot.term()));
    was_elected = true;
    emit(TakeOver{candidacy->claim(ballot.joined())});
    candidacy.reset();
  }
}

}  // namespace godwit::host
