// Node: the only event loop. Polls the ports, feeds the state machines, carries their effects out in
// order, and sleeps when there is nothing to do. Rank 0 has an allocator, the others a host; a host that is
// elected gets an allocator beside it: what these two say to each other never leaves the node.
//
// Journal first: what the allocator wants sent, answered or ended waits until all it appended before is
// durable; order per destination is kept. One thread. The same loop runs under the simulator: every
// port can be a fake.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "allocator/allocator.hpp"
#include "base/time.hpp"
#include "host/host.hpp"
#include "port/capsules.hpp"
#include "port/checkpoint_store.hpp"
#include "port/control.hpp"
#include "port/journal.hpp"
#include "port/ledgers.hpp"
#include "port/office.hpp"
#include "port/rounds.hpp"
#include "port/transport.hpp"
#include "port/world.hpp"

namespace godwit {

struct AllocatorPorts {
  Journal& journal;
  Control& control;
  Catalogue& catalogue;
};
// What an allocator needs that begins beside a host, when that is elected.
struct SuccessionPorts {
  Ledgers& ledgers;
  Offices& offices;
  allocator::Settings settings;
};
struct HostPorts {
  Capsules& capsules;
  CheckpointStore& store;
  Rounds& rounds;
  Gauge& gauge;
  std::optional<SuccessionPorts> succession{};  // none: this host votes, but never takes over
};
struct WorldPorts {
  Transport& transport;
  Clock& clock;
  Log& log;
};

class Node {
 public:
  Node(WorldPorts world, AllocatorPorts ports, allocator::Allocator& allocator);
  Node(WorldPorts world, HostPorts ports, host::Host& host);
  ~Node();

  // Feeds the first event. Call once.
  void begin(allocator::Began began);
  void begin(host::Began began);
  void stop_wanted();  // from the loop thread, e.g. when a signal was seen

  struct Turn {
    bool active{false};           // something happened or is in flight
    bool happened{false};         // it did: what it caused may be here already
    Instant next_timer{};         // {}: none
    std::optional<int> exit_code; // the state machine is done
  };
  // The allocator that began beside the host, if there is one now.
  [[nodiscard]] allocator::Allocator const* successor() const;
  // An allocator here may release what waited for the journal, at this instant. No two nodes of a world ever may.
  [[nodiscard]] bool leads() const;
  // So much of what it said waits for the journal, or for its lead.
  [[nodiscard]] std::size_t held_back() const;

  // One round of polling and stepping; never blocks.
  Turn turn();

  // turn() and sleep until the state machine exits; its exit code. `on_idle` runs before each sleep.
  int run(Sleeper& sleeper, std::function<void()> const& before_turn = {});

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace godwit
