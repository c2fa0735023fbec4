#include "explorer/host.hpp"

#include <algorithm>
#include <utility>

#include "base/panic.hpp"

namespace godwit::explorer {

using Kind = Packet::Kind;

bool Holding::may_run() const {
  if (died) return false;
  switch (phase) {
    case Phase::starting:
      return true;
    case Phase::arriving:
      return arrival->phase() == custody::Arrival::Phase::restoring;
    case Phase::live:
      return !is_frozen();
    case Phase::refused:
      return false;
  }
  return false;
}

void Host::hear(Place from, Packet const& packet, Sends& out) {
  if (is_allocator(from)) {
    if (packet.term < term_ && defect_ != Defect::obeys_old_terms) return;
    term_ = std::max(term_, packet.term);
  }
  auto const peer = is_allocator(from) ? no_rank : Rank{from};
  switch (packet.kind) {
    case Kind::welcome:
      return on_welcome(packet, out);
    case Kind::start_job:
      return on_start_job(packet, out);
    case Kind::prepare_arrival:
      return on_prepare_arrival(packet, out);
    case Kind::cancel_job:
      return on_cancel_job(packet, out);
    case Kind::heartbeat_seen:  // it answers a heart-beat that was sent more than a lease ago
      if (defect_ == Defect::renews_with_stale) leased_ = true;
      return;
    case Kind::abandon_move:
      return on_abandon_move(from, packet, out);
    case Kind::arrival_ready:
      return on_arrival_ready(peer, packet, out);
    case Kind::round:
      return on_round(peer, packet, out);
    case Kind::commit:
      return on_commit(peer, packet, out);
    case Kind::accepted:
      return on_accepted(peer, packet, out);
    case Kind::refused:
      return on_refused(peer, packet, out);
    default:
      panic("a message for the allocator came to a host");
  }
}

void Host::on_welcome(Packet const&, Sends& out) {
  if (defect_ == Defect::forgets_reports) reports_.clear();
  confirmed_ = 0;
  for (auto& packet : reports_) {
    packet.term = term_;
    out.push_back({first_allocator_place, packet});
  }
  Packet holdings{.kind = Kind::holdings};
  for (auto const& held : holdings_) {
    if (held.phase == Holding::Phase::refused) continue;
    msg::Held one{held.job, held.epoch, msg::Held::Phase::live, {}};
    if (held.phase == Holding::Phase::starting) one.phase = msg::Held::Phase::starting;
    if (held.phase == Holding::Phase::arriving) one.phase = msg::Held::Phase::arriving;
    if (held.departure) {
      one.phase = held.is_committed() ? msg::Held::Phase::committed : msg::Held::Phase::leaving;
      one.target_epoch = held.departure->target_epoch();
    }
    holdings.held.push_back(one);
  }
  send(first_allocator_place, std::move(holdings), out);
}

void Host::on_start_job(Packet const& packet, Sends& out) {
  if (auto const at = newest_of(packet.job); at && holdings_[*at].epoch >= packet.epoch && !naive()) {
    if (holdings_[*at].is_live())
      report({.kind = Kind::job_started, .job = packet.job, .epoch = holdings_[*at].epoch}, out);
    return;
  }
  supersede(packet.job, packet.epoch, false, out);
  holdings_.push_back({.job = packet.job, .epoch = packet.epoch, .phase = Holding::Phase::starting});
}

void Host::on_cancel_job(Packet const& packet, Sends& out) {
  auto const at = newest_of(packet.job);
  if (at && (holdings_[*at].epoch == packet.epoch || naive()) &&
      holdings_[*at].phase != Holding::Phase::arriving && !holdings_[*at].is_committed()) {
    end_job(*at, Ending::cancelled, out);
  }
  send(first_allocator_place, {.kind = Kind::order_done, .job = packet.job}, out);
}

// ---- what capsules do

void Host::runs(std::size_t index, Sends& out) {
  auto& held = holdings_.at(index);
  if (held.phase == Holding::Phase::starting) {
    held.phase = Holding::Phase::live;
    return report({.kind = Kind::job_started, .job = held.job, .epoch = held.epoch}, out);
  }
  invariant(held.arrival->running(), "an arrival that was restored runs");
  Packet const accepted{.kind = Kind::accepted, .job = held.job, .target_epoch = held.epoch};
  send(place_of(held.arrival->source()), accepted, out);
  held.arrival.reset();
  held.last_word_due = false;
  held.phase = Holding::Phase::live;
  report(accepted, out);
}

void Host::ends(std::size_t index, Ending how, Sends& out) {
  auto& held = holdings_.at(index);
  if (held.is_frozen()) {  // its image lies there still: the move decides
    held.died = true;
    return;
  }
  end_job(index, how, out);
}

void Host::end_job(std::size_t index, Ending how, Sends& out) {
  auto const& held = holdings_.at(index);
  if (held.departure) {
    send(place_of(held.departure->target()),
         {.kind = Kind::abandon_move,
          .job = held.job,
          .target_epoch = held.departure->target_epoch(),
          .thaw_epoch = held.departure->thaw_epoch(),
          .by_source = true},
         out);
  }
  report({.kind = Kind::job_ended, .job = held.job, .epoch = held.epoch, .ending = how}, out);
  release(index);
}

// ---- death, leases, reports

void Host::peer_died(Rank peer, Sends& out) {
  dead_ = static_cast<std::uint8_t>(dead_ | 1U << peer.value);
  for (auto i = holdings_.size(); i-- > 0;) {
    auto& held = holdings_[i];
    if (held.departure && held.departure->target() == peer) {
      if (held.superseded) {
        release(i);
      } else if (held.departure->abandon()) {
        stay(i, false, out);
      }
    } else if (held.arrival && held.arrival->source() == peer) {
      held.last_word_due = false;
      if (held.phase == Holding::Phase::refused) {
        release(i);
      } else if (held.arrival->phase() < custody::Arrival::Phase::restoring) {
        refuse(i, out);
      }
    }
  }
}

void Host::dies() {
  up_ = false;
  leased_ = false;
  holdings_.clear();
  reports_.clear();
  confirmed_ = 0;
  dead_ = 0;
}

// One that is confirmed is kept: the confirmation may not have come here before the next allocator asks.
void Host::confirmed() {
  if (confirmed_ >= reports_.size()) return;  // they were forgotten, for nobody will ask
  if (++confirmed_ < 2) return;
  reports_.erase(reports_.begin());
  --confirmed_;
}

void Host::forget_reports() {
  reports_.clear();
  confirmed_ = 0;
}

// ---- finding, releasing, sending

std::optional<std::size_t> Host::newest_of(JobId job) const {
  std::optional<std::size_t> newest;
  for (std::size_t i = 0; i < holdings_.size(); ++i) {
    if (holdings_[i].job != job || holdings_[i].phase == Holding::Phase::refused) continue;
    if (!newest || holdings_[i].epoch > holdings_[*newest].epoch) newest = i;
  }
  return newest;
}

std::optional<std::size_t> Host::live_at(JobId job, Epoch epoch) const {
  for (std::size_t i = 0; i < holdings_.size(); ++i) {
    auto const& held = holdings_[i];
    if (held.job == job && held.is_live() && (held.epoch == epoch || naive()) && !held.superseded) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> Host::arrival_at(JobId job, Epoch target_epoch) const {
  for (std::size_t i = 0; i < holdings_.size(); ++i) {
    auto const& held = holdings_[i];
    if (held.job == job && held.arrival && (held.epoch == target_epoch || naive())) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> Host::departing(JobId job, Epoch target_epoch) const {
  for (std::size_t i = 0; i < holdings_.size(); ++i) {
    auto const& held = holdings_[i];
    if (held.job == job && held.departure && (held.departure->target_epoch() == target_epoch || naive()))
      return i;
  }
  return std::nullopt;
}

void Host::supersede(JobId job, Epoch epoch, bool keep_committed, Sends& out) {
  for (auto i = holdings_.size(); i-- > 0;) {
    auto& held = holdings_[i];
    if (held.job != job || held.phase == Holding::Phase::refused) continue;
    if (held.epoch >= epoch && !naive()) continue;
    if (held.is_committed() && keep_committed) {
      held.superseded = true;
    } else if (held.phase == Holding::Phase::arriving) {
      refuse(i, out);
    } else {
      if (held.departure && !held.is_committed()) {
        send(place_of(held.departure->target()),
             {.kind = Kind::abandon_move,
              .job = job,
              .target_epoch = held.departure->target_epoch(),
              .thaw_epoch = held.departure->thaw_epoch(),
              .by_source = true},
             out);
      }
      release(i);
    }
  }
}

void Host::release(std::size_t index) {
  holdings_.erase(holdings_.begin() + static_cast<std::ptrdiff_t>(index));
}

void Host::send(Place to, Packet packet, Sends& out) const {
  packet.term = term_;
  out.push_back({to, std::move(packet)});
}

void Host::report(Packet packet, Sends& out) {
  packet.term = term_;
  reports_.push_back(packet);
  out.push_back({first_allocator_place, std::move(packet)});
}

}  // namespace godwit::explorer
