#include "sim/obedience.hpp"

#include "message/codec.hpp"

namespace godwit::sim {

namespace {

template <class... F>
struct Each : F... {
  using F::operator()...;
};

}  // namespace

void Obedience::hears(Rank from, ByteView frame) {
  FrameParts parts(frame);
  for (;;) {
    auto const message = parts.next();
    if (!message || !*message) return;
    if (auto const* const handed = std::get_if<msg::HandOn>(&**message)) {
      if (handed->term < bound_) stale_jobs_.emplace(handed->start.job, handed->start.epoch);
    } else if (auto const* const parcel = std::get_if<msg::Parcel>(&**message)) {
      if (parcel->up || parcel->host != host_) continue;  // another's, to be carried on
      bool const fresh = parcels_.emplace(parcel->term, parcel->allocator, parcel->number).second;
      auto const inner = decode<Message>(parcel->message);
      if (fresh && inner) hears(parcel->allocator, parcel->term, *inner);
    } else if (course_of(**message) == Course::from_allocator) {
      hears(from, parts.term(), **message);
    }
  }
}

void Obedience::hears(Rank from, Term term, Message const& message) {
  bool const older = term < bound_ || (term == bound_ && to_ != no_rank && from != to_);
  if (older) return note_stale(message);
  bound_ = term;
  to_ = from;
  note_order(message);
}

void Obedience::note_order(Message const& message) {
  std::visit(Each{[&](msg::Welcome const& one) { lease_ = one.lease; },
                  [&](msg::HeartbeatSeen const& one) { stale_leases_.erase(one.sent + lease_); },
                  [&](msg::Quiesce const&) { may_quiesce_ = true; },
                  [&](msg::Leave const&) { may_leave_ = true; },
                  [&](auto const&) {}},
             message);
}

void Obedience::note_stale(Message const& message) {
  std::visit(Each{[&](msg::StartJob const& one) { stale_jobs_.emplace(one.job, one.epoch); },
                  [&](msg::PrepareArrival const& one) { stale_jobs_.emplace(one.job, one.target_epoch); },
                  [&](msg::HeartbeatSeen const& one) { stale_leases_.insert(one.sent + lease_); },
                  [&](auto const& one) {
                    if constexpr (requires { RequestId{one.request}; }) stale_requests_.insert(one.request);
                  }},
             message);
}

void Obedience::says(Rank to, ByteView frame) {
  FrameParts parts(frame);
  for (;;) {
    auto const message = parts.next();
    if (!message || !*message) return;
    if (auto const* const parcel = std::get_if<msg::Parcel>(&**message)) {
      auto const inner = decode<Message>(parcel->message);
      if (inner && parcel->up && parcel->host == host_) says(parcel->allocator, *inner);
    } else {
      says(to, **message);
    }
  }
}

// What it has heard since, in the same turn of its loop, may bind it to a newer term already.
void Obedience::votes(Rank candidate, Term term) {
  auto const [at, first] = votes_.emplace(term, candidate);
  if (at->second != candidate) wrong("host {} votes for {} and {} in term {}", host_, at->second, candidate, term);
  if (term <= bound_) return;
  bound_ = term;
  to_ = no_rank;
}

void Obedience::says(Rank to, Message const& message) {
  std::visit(Each{[&](msg::Vote const& one) {
                    if (!one.trial && !one.refusal) votes(to, one.term);
                  },
                  [&](msg::AskVote const& one) {
                    if (!one.trial) votes(host_, one.term);
                  },
                  [&](msg::OrderDone const& one) { answers(one.request); },
                  [&](msg::HeldJobs const& one) { answers(one.request); },
                  [&](msg::Checkpointed const& one) {
                    if (one.request) answers(*one.request);
                  },
                  [&](msg::Quiesced const&) {
                    if (!may_quiesce_ && !unseen_) wrong("host {} has saved its jobs, and wasn't told to by term {}", host_, bound_);
                  },
                  [&](auto const&) {}},
             message);
}

void Obedience::answers(RequestId request) const {
  if (stale_requests_.contains(request)) wrong("host {} obeys request {}, of a term older than {}", host_, request, bound_);
}

void Obedience::begins(JobId job, Epoch epoch) const {
  if (unseen_ || !stale_jobs_.contains({job, epoch})) return;
  wrong("host {} begins job {} at epoch {}, as a term older than {} has ordered", host_, job, epoch, bound_);
}

void Obedience::leases(Instant until) const {
  if (!unseen_ && stale_leases_.contains(until)) wrong("host {} takes a lease of a term older than {}", host_, bound_);
}

void Obedience::exits(int code) const {
  if (code == 0 && !may_leave_ && !unseen_) wrong("host {} leaves, and wasn't told to by term {}", host_, bound_);
}

}  // namespace godwit::sim
