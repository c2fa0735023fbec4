// Loop: what the loops of an allocator and of a host have in common, private to this folder: their events, timers,
// sending, and leaving once everything has left. Node polls the transport for both and hands out what came in.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "node/node.hpp"
#include "node/post.hpp"
#include "node/timers.hpp"

namespace godwit {

class Loop {
 public:
  Loop(WorldPorts ports, Post& post) : world(ports), post_(post) {}
  virtual ~Loop() = default;
  Loop(Loop const&) = delete;
  Loop& operator=(Loop const&) = delete;

  virtual void handle(Delivered&& delivered) = 0;
  virtual void handle(PagesSent const& event) = 0;
  virtual void handle(PagesReceived const& event) = 0;
  virtual void handle(PeerDied const& event) = 0;
  virtual bool poll_ports() = 0;                // true: something happened
  [[nodiscard]] virtual bool idle() const = 0;  // nothing waits to leave through this loop's own ports
  [[nodiscard]] virtual bool urgent(Instant) const { return false; }
  virtual void stop_wanted() {}

  bool fire_due(Instant now);  // true: a timer was due
  [[nodiscard]] Instant next_timer() const { return timers.next(); }
  [[nodiscard]] Instant now() const { return world.clock.now(); }

  // Its state machine is done; when it is to be waited for no longer.
  [[nodiscard]] std::optional<int> exit_code() const { return exit_code_; }
  [[nodiscard]] Instant leave_by() const { return leave_by_; }

 protected:
  [[nodiscard]] virtual Term term() const = 0;  // what this one's frames say
  virtual void fire(RequestId timer) = 0;

  void send(Rank to, Message const& message) { post_.send(to, message, term()); }
  void leave(int code);  // as soon as all that was sent has left

  WorldPorts world;
  Timers timers;

 private:
  Post& post_;
  std::optional<int> exit_code_;
  Instant leave_by_;
};

}  // namespace godwit
