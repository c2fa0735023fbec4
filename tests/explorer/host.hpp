// Host: the explored model of runtime/host, as far as custody goes. The hand-overs are the real classes
// custody::Departure and custody::Arrival; around them stands what a host does with messages, as
// docs/protocol.md has it and runtime/host does it (each handler here has its namesake there).
//
// Plain data that can be copied and encoded. What a capsule does by itself (it is prepared, it froze, it
// runs) is an act that the explorer takes when it likes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "custody/arrival.hpp"
#include "custody/departure.hpp"
#include "explorer/encoding.hpp"
#include "explorer/packet.hpp"
#include "explorer/scenario.hpp"

namespace godwit::explorer {

struct Holding {
  // refused: an arrival that is kept for a last word of its source; `starting` may run already.
  enum class Phase : std::uint8_t { starting, arriving, live, refused };
  JobId job;
  Epoch epoch;  // arriving: the target epoch
  Phase phase{};
  std::optional<custody::Arrival> arrival;
  std::optional<custody::Departure> departure;  // open
  bool last_word_due{false};  // ArrivalReady was sent, and the source hasn't had its last word
  bool superseded{false};
  bool died{false};  // its process, while its image was leaving

  [[nodiscard]] bool is_live() const { return phase == Phase::live; }
  [[nodiscard]] bool is_committed() const {
    return departure && departure->phase() == custody::Departure::Phase::committed;
  }
  [[nodiscard]] bool is_frozen() const {
    return departure && departure->phase() != custody::Departure::Phase::waiting;
  }
  [[nodiscard]] bool may_run() const;  // if the lease allows it
};

class Host {
 public:
  Host(Rank self, Defect defect) : self_(self), defect_(defect) {}

  [[nodiscard]] Rank self() const { return self_; }
  [[nodiscard]] bool is_up() const { return up_; }
  [[nodiscard]] bool is_leased() const { return leased_; }
  [[nodiscard]] Term term() const { return term_; }
  [[nodiscard]] std::vector<Holding> const& holdings() const { return holdings_; }
  [[nodiscard]] bool knows_dead(Rank peer) const { return dead_ >> peer.value & 1U; }

  void hear(Place from, Packet const& packet, Sends& out);
  void peer_died(Rank peer, Sends& out);

  // What a capsule does; `index` is that of the holding.
  void prepared(std::size_t index, Sends& out);  // arriving
  void runs(std::size_t index, Sends& out);      // starting, or arriving and restored
  void fails(std::size_t index, Sends& out);     // arriving: it can't be prepared or restored
  void frozen(std::size_t index, Sends& out);    // live, asked to leave
  void no_safe_point(std::size_t index, Sends& out);
  void pages_sent(std::size_t index, bool torn, Sends& out);
  void ends(std::size_t index, Ending how, Sends& out);
  void thaws_by_itself(std::size_t index, Sends& out);  // a defect

  void dies();
  void lease_runs_out() { leased_ = false; }
  void lease_is_renewed() { leased_ = true; }
  void forget_reports();
  void confirmed();  // its oldest unconfirmed report is in the ledger

  // Ranks are written as `names` has them: hosts are alike, so a permuted world is the same world.
  void encode_to(Bytes& bytes, Names const& names) const;

 private:
  void on_start_job(Packet const& packet, Sends& out);
  void on_prepare_arrival(Packet const& packet, Sends& out);
  void on_cancel_job(Packet const& packet, Sends& out);
  void on_arrival_ready(Rank from, Packet const& packet, Sends& out);
  void on_round(Rank from, Packet const& packet, Sends& out);
  void on_commit(Rank from, Packet const& packet, Sends& out);
  void on_accepted(Rank from, Packet const& packet, Sends& out);
  void on_refused(Rank from, Packet const& packet, Sends& out);
  void on_abandon_move(Place from, Packet const& packet, Sends& out);
  void on_welcome(Packet const& packet, Sends& out);

  void refuse(std::size_t index, Sends& out, bool aloud = true);
  void say_refused(custody::Arrival const& arrival, JobId job, Sends& out);
  void stay(std::size_t index, bool tell_target, Sends& out);
  bool never_left(Rank from, Packet const& packet, Sends& out);
  void withdraw(std::size_t index, Sends& out);
  void supersede(JobId job, Epoch epoch, bool keep_committed, Sends& out);
  void end_job(std::size_t index, Ending how, Sends& out);
  void release(std::size_t index);

  [[nodiscard]] std::optional<std::size_t> newest_of(JobId job) const;
  [[nodiscard]] std::optional<std::size_t> live_at(JobId job, Epoch epoch) const;
  [[nodiscard]] std::optional<std::size_t> arrival_at(JobId job, Epoch target_epoch) const;
  [[nodiscard]] std::optional<std::size_t> departing(JobId job, Epoch target_epoch) const;
  [[nodiscard]] bool naive() const { return defect_ == Defect::ignores_epochs; }

  void send(Place to, Packet packet, Sends& out) const;
  void report(Packet packet, Sends& out);

  Rank self_;
  Defect defect_;
  bool up_{true};
  bool leased_{true};
  Term term_{1};
  std::uint8_t dead_{0};  // peers whose end is known
  std::vector<Holding> holdings_;
  std::vector<Packet> reports_;  // the newest confirmed one, if any, and those that aren't confirmed
  std::size_t confirmed_{0};
};

}  // namespace godwit::explorer
