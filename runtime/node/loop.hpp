// Loop: what the loops of an allocator and of a host have in common, private to this folder: polling
// the transport, timers, sending, and leaving once everything has left.
#pragma once

#include <deque>
#include <map>
#include <variant>

#include "message/codec.hpp"
#include "node/node.hpp"
#include "node/timers.hpp"

namespace godwit {

class Loop : private TransportEvents {
 public:
  explicit Loop(WorldPorts ports) : world(ports) {}
  virtual ~Loop() = default;
  Loop(Loop const&) = delete;
  Loop& operator=(Loop const&) = delete;

  Node::Turn turn();
  virtual void stop_wanted() {}
  [[nodiscard]] Instant now() const { return world.clock.now(); }

 protected:
  using Incoming = std::variant<FrameReceived, PagesSent, PagesReceived, PeerDied>;

  [[nodiscard]] virtual Term term() const = 0;  // what this rank's frames say
  virtual void handle(Rank from, Term term, Message message) = 0;
  virtual void handle(PagesSent const& event) = 0;
  virtual void handle(PagesReceived const& event) = 0;
  virtual void handle(PeerDied const& event) = 0;
  virtual void fire(RequestId timer) = 0;
  virtual bool poll_ports() = 0;                // true: something happened
  [[nodiscard]] virtual bool idle() const = 0;  // nothing waits to leave through this loop's own ports
  [[nodiscard]] virtual bool urgent(Instant) const { return false; }

  void send(Rank to, Message const& message);
  bool send_outgoing();  // true: there was something
  void leave(int code);  // as soon as all that was sent has left
  void note(Level level, std::string text);

  WorldPorts world;
  Timers timers;

 private:
  void on(FrameReceived event) override { incoming_.emplace_back(std::move(event)); }
  void on(PagesSent event) override { incoming_.emplace_back(event); }
  void on(PagesReceived event) override { incoming_.emplace_back(event); }
  void on(PeerDied event) override { incoming_.emplace_back(event); }
  void take_in(FrameReceived const& event);
  void take_in(PeerDied const& event);
  void take_in(PagesSent const& event) { handle(event); }
  void take_in(PagesReceived const& event) { handle(event); }

  std::map<Rank, FrameBuilder> outgoing_;  // of this turn
  std::deque<Incoming> incoming_;  // handlers may use the transport: not from within its poll()
  std::optional<int> exit_code_;
  Instant leave_by_;
};

}  // namespace godwit
