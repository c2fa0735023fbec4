// AllocatorLoop: the loop of an allocator. Private to this folder. Journal first, and only while it leads:
// outbox.hpp.
#pragma once

#include <deque>
#include <map>

#include "node/line.hpp"
#include "node/loop.hpp"
#include "node/outbox.hpp"

namespace godwit {

class AllocatorLoop final : public Loop {
 public:
  AllocatorLoop(WorldPorts world_ports, AllocatorPorts ports, Post& post, allocator::Allocator& allocator)
      : Loop(world_ports, post), ports_(ports), allocator_(allocator) {}

  void begin(allocator::Began began) { step(began); }
  void stop_wanted() override { step(allocator::StopWanted{}); }
  [[nodiscard]] bool deposed() const { return deposed_; }
  [[nodiscard]] std::size_t held_back() const { return outbox_.size(); }
  [[nodiscard]] bool leads() const { return !broken_ && !deposed_ && now() < lead_until_; }

  void handle(Delivered&& delivered) override;
  void handle(PagesSent const&) override {}
  void handle(PagesReceived const&) override {}
  void handle(PeerDied const& event) override { step(event); }
  bool poll_ports() override;
  [[nodiscard]] bool idle() const override { return outbox_.empty() && ports_.control.flushed(); }

 private:
  [[nodiscard]] Term term() const override { return allocator_.term(); }
  void fire(RequestId timer) override { step(allocator::TimerFired{timer}); }
  void step(allocator::Event const& event);
  void carry_out(allocator::Append& effect);
  void carry_out(allocator::Send& effect);
  void carry_out(allocator::Route& effect);
  void carry_out(allocator::Reply& effect) { outbox_.put(std::move(effect)); }
  void carry_out(allocator::Arm& effect) { timers.arm(effect.timer, effect.at); }
  void carry_out(allocator::FindTypes& effect) {
    ports_.catalogue.find(effect.request, std::move(effect.type));
  }
  void carry_out(allocator::Write& effect) { world.log.write(effect.note); }
  void carry_out(allocator::Lead& effect) {
    lead_until_ = effect.until;
    ports_.journal.lead_until(effect.until);
  }
  void carry_out(allocator::Confirm& effect) { outbox_.put(effect); }
  void carry_out(allocator::Exit& effect);
  void write_down();
  void let_compact();
  bool look_at_journal();
  void tell_of_hindrance();
  bool release();
  void say(Rank to, Message const& message);
  void let_go(allocator::Send& item) { say(item.to, item.message); }
  void let_go(allocator::Reply& item) { ports_.control.answer(item.command, std::move(item.answer)); }
  void let_go(allocator::Confirm& item) { confirmed_.push_back(item.change); }
  void let_go(allocator::Exit& item) { leave(item.code); }

  AllocatorPorts ports_;
  allocator::Allocator& allocator_;
  allocator::Effects effects_;
  Outbox outbox_;
  std::deque<Bytes> unwritten_;     // events of a time at which it didn't lead
  JournalPosition appended_{0};     // with those
  std::map<Rank, Line> lines_;  // to the hosts that were told that what they hear is numbered
  Instant lead_until_;
  std::deque<std::uint64_t> confirmed_;  // to be told
  bool broken_{false}, deposed_{false}, hindered_{false};
};

}  // namespace godwit
