// Obedience: the oracle over one host and those who order it about. It sees each frame before the host does, and knows by
// itself which term binds it: the newest of an allocator that it has heard, or that it has voted for. Throws Wrong when
// the host does what only an older term's allocator has ordered: begins a job, answers an order, extends its
// lease, saves its jobs and leaves; or votes twice in a term.
//
// What an allocator beside the host orders isn't seen here; from the moment there is one, only the term is followed.
#pragma once

#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "message/message.hpp"
#include "sim/trace.hpp"

namespace godwit::sim {

class Obedience {
 public:
  explicit Obedience(Rank host) : host_(host) {}

  void hears(Rank from, ByteView frame);
  void says(Rank to, ByteView frame);
  void has_allocator() { unseen_ = true; }

  void begins(JobId job, Epoch epoch) const;
  void leases(Instant until) const;
  void exits(int code) const;

 private:
  void hears(Rank from, Term term, Message const& message);
  void note_order(Message const& message);
  void note_stale(Message const& message);
  void says(Rank to, Message const& message);
  void votes(Rank candidate, Term term);
  void answers(RequestId request) const;

  Rank host_;
  Term bound_;  // no older term is obeyed
  Rank to_{no_rank};  // whose term that is; no_rank: it has voted, and nobody has begun yet
  bool unseen_{false}, may_quiesce_{false}, may_leave_{false};
  Duration lease_{0};
  std::map<Term, Rank> votes_;
  // That came: a copy of one that goes another way may come when its term is over, and what it says was obeyed before.
  std::set<std::tuple<Term, Rank, std::uint64_t>> parcels_;
  std::set<std::pair<JobId, Epoch>> stale_jobs_;
  std::set<RequestId> stale_requests_;
  std::set<Instant> stale_leases_;
};

}  // namespace godwit::sim
