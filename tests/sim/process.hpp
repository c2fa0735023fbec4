// Process: one rank of a world: the real Node with the real state machines in it, between simulated ports. Its loop
// turns when something has come in or a timer is due, some microseconds later. It can be stopped for a while, and it
// can end, by itself or not; it is never destroyed before the simulation is. Where the scenario has deputies, any host
// may be elected, and has an allocator beside it then.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "allocator/allocator.hpp"
#include "host/host.hpp"
#include "node/node.hpp"
#include "sim/capsules.hpp"
#include "sim/clock.hpp"
#include "sim/control.hpp"
#include "sim/ledgers.hpp"
#include "sim/network.hpp"
#include "sim/obedience.hpp"
#include "sim/scenario.hpp"
#include "sim/store.hpp"
#include "support/fake_rounds.hpp"
#include "support/standing_offices.hpp"

namespace godwit::sim {

class Process {
 public:
  struct Place {
    Scheduler& scheduler;
    Trace& trace;
    SimDisk& disk;
    Census& census;
    SimNetwork& network;
    Scenario const& scenario;
    std::uint64_t number{0};  // of all processes ever
    Rank rank;
    std::uint64_t seed{0};
    Planted planted{Planted::none};
  };
  Process(Place place, bool host);
  virtual ~Process() = default;

  void begin_allocator(allocator::Began began, Ledger ledger, std::unique_ptr<Journal> journal);
  void begin_host();

  [[nodiscard]] bool lives() const { return !exit_code_ && !killed_; }
  [[nodiscard]] std::optional<int> exit_code() const { return exit_code_; }
  [[nodiscard]] Rank rank() const { return place_.rank; }
  [[nodiscard]] std::uint64_t number() const { return place_.number; }

  void kill(bool node);              // its capsules go with it; node: so does what was not synced
  void stop_until(Moment until, bool node);
  void wake(Duration soon);          // turn the loop
  std::function<void(Process&)> on_exit = [](Process&) {};
  std::function<void(Process&)> after_turn = [](Process&) {};
  std::function<void(Term, ByteView)> on_record = [](Term, ByteView) {};  // of any journal of it: is durable

  // What has been journalled may leave, at this instant.
  [[nodiscard]] bool leads() const { return lives() && node_ && node_->leads(); }
  [[nodiscard]] std::size_t held_back() const { return node_ ? node_->held_back() : 0; }
  [[nodiscard]] host::Host::Backlog backlog() const { return host_ ? host_->backlog() : host::Host::Backlog{}; }
  [[nodiscard]] bool may_lead() const { return allocator() != nullptr || ledgers_.is_busy(); }  // soon, perhaps

  // ---- what it has; hosts: capsules and store, an allocator: control
  [[nodiscard]] SimCapsules* capsules() { return capsules_.get(); }
  [[nodiscard]] SimStore* store() { return store_.get(); }
  [[nodiscard]] SimLedgers& ledgers() { return ledgers_; }
  [[nodiscard]] SimControl& control() { return control_; }
  // Rank 0's, or the one that took over here. None: there isn't any, or not any more.
  [[nodiscard]] allocator::Allocator const* allocator() const;
  [[nodiscard]] Term known_term() const;         // of hosts and allocators
  [[nodiscard]] SimJournal* journal() const;  // of that allocator

 private:
  class NoteLog final : public Log {
   public:
    explicit NoteLog(Process& process) : process_(process) {}
    void write(Note const& note) override;

   private:
    Process& process_;
  };
  // Of a node that others use for a while, and then not, or more.
  class OthersGauge final : public Gauge {
   public:
    explicit OthersGauge(Process const& process) : process_(process) {}
    [[nodiscard]] NodeLoad read() override;

   private:
    Process const& process_;
  };
  void turn();
  void end();
  void use(SimJournal& journal);

  Place place_;
  Random random_;
  SimClock clock_;
  NoteLog log_{*this};
  OthersGauge gauge_{*this};
  std::unique_ptr<SimCapsules> capsules_;
  std::unique_ptr<SimStore> store_;
  test::FakeRounds rounds_;
  std::map<Term, SimJournal*> journals_;  // of the terms that this process has claimed
  SimLedgers ledgers_;
  SimControl control_;
  SimCatalogue catalogue_;
  test::StandingOffices offices_{control_, catalogue_};
  std::unique_ptr<Journal> journal_;
  Obedience obedience_;
  std::unique_ptr<allocator::Allocator> allocator_;
  std::unique_ptr<host::Host> host_;
  std::unique_ptr<Node> node_;

  std::uint64_t wake_serial_{0};
  std::optional<Moment> wakes_at_;
  Moment stopped_until_{0};
  std::optional<int> exit_code_;
  bool killed_{false};
};

}  // namespace godwit::sim
