// Allocator: the explored model of runtime/allocator, as far as custody goes, around the real Ledger. Every
// change of custody is a LedgerEvent that the real Ledger::apply must accept.
//
// A step returns what it would append and what it would send. The explorer decides whether both came about,
// or the allocator died in between with part of its appends durable and nothing sent (journal first).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "explorer/encoding.hpp"
#include "explorer/packet.hpp"
#include "explorer/scenario.hpp"
#include "ledger/ledger.hpp"

namespace godwit::explorer {

struct Step {
  std::vector<LedgerEvent> appends;
  Sends sends;
  std::string refused;  // why the ledger wouldn't take an event: a violation
};

class Allocator {
 public:
  enum class Presence : std::uint8_t { joining, alive, dead };  // joining: its Holdings are awaited

  Allocator(Scenario const& scenario, Term term, std::shared_ptr<Ledger const> ledger);

  [[nodiscard]] bool is_up() const { return up_; }
  [[nodiscard]] Term term() const { return term_; }
  [[nodiscard]] std::shared_ptr<Ledger const> const& shared_ledger() const { return ledger_; }
  [[nodiscard]] Ledger const& ledger() const { return *ledger_; }
  [[nodiscard]] Presence presence(Rank host) const { return presences_.at(host); }
  [[nodiscard]] bool is_fenced(Rank host) const { return ledger_->is_fenced(host); }
  [[nodiscard]] bool is_proven(Rank host) const {
    return ledger_->is_lost(host) && ledger_->lost().at(host).proven;
  }

  // What is possible now.
  [[nodiscard]] bool can_grant(JobId job, Rank host) const;
  [[nodiscard]] bool can_move(JobId job, Rank target) const;
  [[nodiscard]] bool can_cancel(JobId job) const;

  Step begin();  // of a term that takes over
  Step hear(Rank from, Packet const& packet);
  Step grant(JobId job, Rank host);
  Step move(JobId job, Rank target);
  Step cancel(JobId job);
  Step host_died(Rank host);  // proven
  Step give_up(Rank host);    // unproven
  Step fence(Rank host);      // its lease has surely run out

  void dies() { up_ = false; }

  void encode_to(Bytes& bytes, Names const& names) const;

 private:
  struct AwaitedDeparture {  // the move is over, its source has yet to say that it let go
    JobId job;
    Epoch target_epoch;
    Rank source, target;
    auto operator<=>(AwaitedDeparture const&) const = default;
  };
  struct Desk {
    bool departed{false}, refused{false}, cancelling{false};
    auto operator<=>(Desk const&) const = default;
  };

  void on(Rank from, Packet const& packet);
  void on_job_started(Rank from, Packet const& packet);
  void on_job_ended(Rank from, Packet const& packet);
  void on_accepted(Rank from, Packet const& packet);
  void on_departed(Rank from, Packet const& packet);
  void on_refused(Rank from, Packet const& packet);
  void on_stayed(Rank from, Packet const& packet);
  void on_holdings(Rank from, Packet const& packet);

  void die(Rank host, bool proven);
  void fence_now(Rank host);
  void moved(JobRecord const& record);
  void stayed(JobRecord const& record);
  void lost_source(JobRecord const& record);
  void lost_target(JobRecord const& record);
  void abandon(JobRecord const& record, Rank at);
  void let_go(AwaitedDeparture const& awaited);
  [[nodiscard]] JobRecord const* of_move(JobId job, Epoch target_epoch) const;
  [[nodiscard]] bool is_dead(Rank host) const { return presences_.at(host) == Presence::dead; }

  void journal(LedgerEvent event);
  void send(Rank to, Packet packet);

  bool up_{true};
  Term term_;
  Defect defect_;
  std::shared_ptr<Ledger const> ledger_;  // of all worlds that differ in other things
  std::map<Rank, Presence> presences_;
  std::map<JobId, Desk> desks_;
  std::set<AwaitedDeparture> departures_;
  Step step_;  // that is being made
};

}  // namespace godwit::explorer
