// AllocatorLoop: the loop of rank 0. Private to this folder. Journal first: outbox.hpp.
#pragma once

#include "node/loop.hpp"
#include "node/outbox.hpp"

namespace godwit {

class AllocatorLoop final : public Loop {
 public:
  AllocatorLoop(WorldPorts world_ports, AllocatorPorts ports, allocator::Allocator& allocator)
      : Loop(world_ports), ports_(ports), allocator_(allocator) {}

  void begin(allocator::Began began) {
    step(began);
    send_outgoing();
  }
  void stop_wanted() override { step(allocator::StopWanted{}); }

 private:
  [[nodiscard]] Term term() const override { return allocator_.term(); }
  void handle(Rank from, Term term, Message message) override {
    step(allocator::Received{from, std::move(message), term});
  }
  void handle(PagesSent const&) override {}
  void handle(PagesReceived const&) override {}
  void handle(PeerDied const& event) override { step(event); }
  void fire(RequestId timer) override { step(allocator::TimerFired{timer}); }
  bool poll_ports() override;
  [[nodiscard]] bool idle() const override { return outbox_.empty() && ports_.control.flushed(); }

  void step(allocator::Event const& event);
  void carry_out(allocator::Append& effect);
  void carry_out(allocator::Send& effect);
  void carry_out(allocator::Reply& effect) { outbox_.put(std::move(effect)); }
  void carry_out(allocator::Arm& effect) { timers.arm(effect.timer, effect.at); }
  void carry_out(allocator::FindTypes& effect) {
    ports_.catalogue.find(effect.request, std::move(effect.type));
  }
  void carry_out(allocator::Write& effect) { world.log.write(effect.note); }
  void carry_out(allocator::Lead&) {}
  void carry_out(allocator::Confirm&) {}
  void carry_out(allocator::Exit& effect) { outbox_.put(effect); }
  bool look_at_journal();
  bool release();
  void let_go(allocator::Send& item) { send(item.to, item.message); }
  void let_go(allocator::Reply& item) { ports_.control.answer(item.command, std::move(item.answer)); }
  void let_go(allocator::Exit& item) { leave(item.code); }

  AllocatorPorts ports_;
  allocator::Allocator& allocator_;
  allocator::Effects effects_;
  Outbox outbox_;
  bool broken_{false};
};

}  // namespace godwit
