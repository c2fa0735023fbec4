// The host's part in moves: both halves of a hand-over, around the real custody classes.
#include <array>

#include "base/panic.hpp"
#include "custody/commit.hpp"
#include "explorer/host.hpp"

namespace godwit::explorer {

using Kind = Packet::Kind;

namespace {

constexpr StreamId only_stream{1};
constexpr Digest pages_digest{7};

Bytes manifest() {
  static constexpr std::array<std::byte, 4> text{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  return {text.begin(), text.end()};
}

}  // namespace

// ---- the target

void Host::on_prepare_arrival(Packet const& packet, Sends& out) {
  if (auto const at = newest_of(packet.job); at && holdings_[*at].epoch >= packet.target_epoch && !naive()) {
    return say_refused({packet.source, packet.epoch, packet.target_epoch, packet.thaw_epoch}, packet.job,
                       out);
  }
  if (knows_dead(packet.source)) {
    return say_refused({packet.source, packet.epoch, packet.target_epoch, packet.thaw_epoch}, packet.job,
                       out);
  }
  supersede(packet.job, packet.target_epoch, true, out);
  Holding held{.job = packet.job, .epoch = packet.target_epoch, .phase = Holding::Phase::arriving};
  held.arrival.emplace(packet.source, packet.epoch, packet.target_epoch, packet.thaw_epoch);
  holdings_.push_back(std::move(held));
}

void Host::prepared(std::size_t index, Sends& out) {
  auto& held = holdings_.at(index);
  invariant(held.arrival->prepared(), "an arrival is prepared once");
  held.last_word_due = true;
  send(place_of(held.arrival->source()),
       {.kind = Kind::arrival_ready,
        .job = held.job,
        .epoch = held.arrival->source_epoch(),
        .target_epoch = held.epoch,
        .thaw_epoch = held.arrival->thaw_epoch()},
       out);
}

// The pages come with the round that announces them.
void Host::on_round(Rank from, Packet const& packet, Sends& out) {
  auto const at = arrival_at(packet.job, packet.target_epoch);
  if (!at || holdings_[*at].arrival->source() != from) return;
  auto& arrival = *holdings_[*at].arrival;
  if (!arrival.round(only_stream)) return say_refused(arrival, packet.job, out);
  (void)arrival.pages(only_stream, pages_digest);
}

void Host::on_commit(Rank from, Packet const& packet, Sends& out) {
  auto const at = arrival_at(packet.job, packet.target_epoch);
  if (!at || holdings_[*at].arrival->source() != from) return;
  auto& held = holdings_[*at];
  held.last_word_due = false;
  if (held.phase == Holding::Phase::refused) {
    say_refused(*held.arrival, packet.job, out);
    return release(*at);
  }
  auto digest = commit_digest(manifest(), packet.target_epoch, pages_digest);
  if (packet.torn) ++digest.value;
  if (held.arrival->commit(manifest(), digest) != custody::Arrival::Verdict::mismatch) return;
  say_refused(*held.arrival, held.job, out);
  release(*at);
}

void Host::fails(std::size_t index, Sends& out) {
  refuse(index, out);
}

// Kept while its source owes it a last word.
void Host::refuse(std::size_t index, Sends& out, bool aloud) {
  auto& held = holdings_.at(index);
  if (!held.arrival->refuse()) return;
  if (aloud) say_refused(*held.arrival, held.job, out);
  held.phase = Holding::Phase::refused;
  if (!held.last_word_due) release(index);
}

void Host::say_refused(custody::Arrival const& arrival, JobId job, Sends& out) {
  Packet const refused{.kind = Kind::refused,
                       .job = job,
                       .epoch = arrival.source_epoch(),
                       .target_epoch = arrival.target_epoch(),
                       .thaw_epoch = arrival.thaw_epoch()};
  send(place_of(arrival.source()), refused, out);
  report(refused, out);
}

// ---- the source

void Host::on_arrival_ready(Rank from, Packet const& packet, Sends& out) {
  if (knows_dead(from)) return void(never_left(from, packet, out));
  auto const at = live_at(packet.job, packet.epoch);
  if (!at || holdings_[*at].departure || holdings_[*at].died) {
    return send(place_of(from),
                {.kind = Kind::abandon_move,
                 .job = packet.job,
                 .target_epoch = packet.target_epoch,
                 .thaw_epoch = packet.thaw_epoch,
                 .by_source = true},
                out);
  }
  auto const epoch = holdings_[*at].epoch;
  holdings_[*at].departure.emplace(epoch, from, packet.target_epoch, packet.thaw_epoch, Instant{});
}

void Host::frozen(std::size_t index, Sends& out) {
  auto& held = holdings_.at(index);
  invariant(held.departure->frozen(Instant{}), "a job that is to leave freezes once");
  send(place_of(held.departure->target()),
       {.kind = Kind::round, .job = held.job, .target_epoch = held.departure->target_epoch()}, out);
}

void Host::pages_sent(std::size_t index, bool torn, Sends& out) {
  auto& held = holdings_.at(index);
  invariant(held.departure->commit_sent(), "the commit frame is sent once");
  send(place_of(held.departure->target()),
       {.kind = Kind::commit, .job = held.job, .target_epoch = held.departure->target_epoch(), .torn = torn},
       out);
}

void Host::no_safe_point(std::size_t index, Sends& out) {
  withdraw(index, out);
}

void Host::thaws_by_itself(std::size_t index, Sends& out) {
  stay(index, true, out);
}

// From the target, or from the allocator if the target is dead.
void Host::on_accepted(Rank from, Packet const& packet, Sends& out) {
  auto const at = departing(packet.job, packet.target_epoch);
  if (!at) {  // the naive one lets go of what it has, whenever it is told that somebody else has it
    if (auto const any = newest_of(packet.job); naive() && any) release(*any);
    return;
  }
  auto& departure = *holdings_[*at].departure;
  auto const epoch = naive() ? departure.target_epoch() : packet.target_epoch;
  if ((from != no_rank && departure.target() != from && !naive()) || !departure.accepted(epoch)) return;
  release(*at);
  report({.kind = Kind::departed, .job = packet.job, .target_epoch = packet.target_epoch}, out);
}

void Host::on_refused(Rank from, Packet const& packet, Sends& out) {
  auto const at = departing(packet.job, packet.target_epoch);
  if (!at) return void(never_left(from, packet, out));
  auto const committed = holdings_[*at].is_committed();
  auto& departure = *holdings_[*at].departure;
  auto const epoch = naive() ? departure.target_epoch() : packet.target_epoch;
  if ((departure.target() == from || naive()) && departure.refused(epoch)) stay(*at, !committed, out);
}

// Closed without a hand-over: the job goes on here, at the epoch that was minted for this.
void Host::stay(std::size_t index, bool tell_target, Sends& out) {
  auto& held = holdings_.at(index);
  auto const departure = *held.departure;
  held.departure.reset();
  if (tell_target) {
    send(place_of(departure.target()),
         {.kind = Kind::abandon_move,
          .job = held.job,
          .target_epoch = departure.target_epoch(),
          .thaw_epoch = departure.thaw_epoch(),
          .by_source = true},
         out);
  }
  if (held.superseded) {
    bool const naive_thaw = defect_ == Defect::thaws_by_itself || defect_ == Defect::thaws_overtaken;
    if (!naive() && !naive_thaw) return release(index);
    held.superseded = false;
  }
  held.epoch = departure.thaw_epoch();
  report({.kind = Kind::stayed,
          .job = held.job,
          .target_epoch = departure.target_epoch(),
          .thaw_epoch = held.epoch},
         out);
  if (held.died) end_job(index, Ending::crashed, out);
}

// Refused or abandoned before there was a departure: the epoch rises all the same. False: it isn't here to
// stay.
bool Host::never_left(Rank from, Packet const& packet, Sends& out) {
  auto const at = newest_of(packet.job);
  if (!at || !holdings_[*at].is_live() || holdings_[*at].departure) return false;
  auto& held = holdings_[*at];
  if (held.epoch >= packet.target_epoch) return false;
  held.departure.emplace(held.epoch, from, packet.target_epoch, packet.thaw_epoch, Instant{});
  (void)held.departure->abandon();
  stay(*at, false, out);
  return true;
}

void Host::withdraw(std::size_t index, Sends& out) {
  if (holdings_.at(index).departure->abandon()) stay(index, true, out);
}

void Host::on_abandon_move(Place from, Packet const& packet, Sends& out) {
  if (auto const at = arrival_at(packet.job, packet.target_epoch)) {
    auto& held = holdings_[*at];
    if (packet.by_source) held.last_word_due = false;
    if (held.phase == Holding::Phase::refused) {
      if (!packet.by_source) say_refused(*held.arrival, held.job, out);
      if (!held.last_word_due) release(*at);
      return;
    }
    if (held.arrival->phase() >= custody::Arrival::Phase::restoring) return;
    return refuse(*at, out, !packet.by_source);
  }
  if (!is_allocator(from)) return;
  auto const at = departing(packet.job, packet.target_epoch);
  if (!at) {
    // Neither arriving nor here: it won't come any more. What this host said before has priority.
    if (!never_left(no_rank, packet, out)) {
      report({.kind = Kind::refused,
              .job = packet.job,
              .target_epoch = packet.target_epoch,
              .thaw_epoch = packet.thaw_epoch},
             out);
    }
    return;
  }
  auto& departure = *holdings_[*at].departure;
  auto const epoch = naive() ? departure.target_epoch() : packet.target_epoch;
  if (packet.target_fenced) {
    if (departure.target_fenced(epoch)) stay(*at, false, out);
  } else {
    withdraw(*at, out);
  }
}

}  // namespace godwit::explorer
