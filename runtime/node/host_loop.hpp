// HostLoop: the loop of a rank ≥ 1. Private to this folder. Carries effects out on capsules, store and
// transport; maps page ranges to spans of the arenas. Beside the host it has a manager, through which other hosts may
// speak to the allocator, and this one: host_line.cpp.
#pragma once

#include <deque>
#include <set>

#include "manager/manager.hpp"
#include "node/line.hpp"
#include "node/loop.hpp"

namespace godwit {

class HostLoop final : public Loop {
 public:
  HostLoop(WorldPorts world_ports, HostPorts ports, Post& post, host::Host& host)
      : Loop(world_ports, post), ports_(ports), host_(host), manager_(world_ports.transport.self()) {}

  void begin(host::Began began) {
    if (ports_.succession) began.ranks = world.transport.ranks();
    step(began);
  }
  // It was elected: an allocator is to begin here. Once.
  [[nodiscard]] std::optional<custody::Claim> take_claim() { return std::exchange(claim_, std::nullopt); }

  // What it read in the ledger when it was to become the allocator.
  void counted_out() { step(host::CountedOut{}); }

  void handle(Delivered&& delivered) override;
  void handle(PagesSent const& event) override { step(event); }
  void handle(PagesReceived const& event) override { step(event); }
  void handle(PeerDied const& event) override { step(event); }
  bool poll_ports() override;
  [[nodiscard]] bool idle() const override { return true; }
  [[nodiscard]] bool urgent(Instant at) const override { return at < urgent_until_; }

 private:
  [[nodiscard]] Term term() const override { return host_.term(); }
  void fire(RequestId timer) override;
  void step(host::Event event);
  void step(manager::Event const& event);
  void handle(msg::Parcel&& parcel);
  void obey(Rank allocator, Term term, Result<Message>&& message);
  void say(Message const& message);
  void send_up(msg::Parcel&& parcel);
  void hurry();

  void carry_out(host::Send& effect);
  void carry_out(host::OpenChannel& effect);
  void carry_out(host::RouteVia& effect);
  void carry_out(manager::Pass& effect);
  void carry_out(manager::Send& effect) { send(effect.to, effect.message); }
  void carry_out(manager::Say& effect) { say(effect.message); }
  void carry_out(manager::Arm& effect);
  void carry_out(host::Arm& effect) { timers.arm(effect.timer, effect.at); }
  void carry_out(host::ReadLoad&);
  void carry_out(host::PrepareCapsule& effect);
  void carry_out(host::StartCapsule& effect) { ports_.capsules.start(effect.capsule, effect.epoch); }
  void carry_out(host::RestoreCapsule& effect);
  void carry_out(host::FreezeCapsule& effect);
  void carry_out(host::ThawCapsule& effect) {
    ports_.capsules.thaw(effect.capsule, effect.epoch, effect.others);
  }
  void carry_out(host::SuspendCapsule& effect) { ports_.capsules.suspend(effect.capsule); }
  void carry_out(host::ResumeCapsule& effect) { ports_.capsules.resume(effect.capsule); }
  void carry_out(host::CallCapsule& effect);
  void carry_out(host::KillCapsule& effect);
  void carry_out(host::ForgetCapsule& effect);
  void carry_out(host::SetLease& effect) { ports_.capsules.set_lease(effect.until); }
  void carry_out(host::SendPages& effect);
  void carry_out(host::ReceivePages& effect);
  void carry_out(host::KeepArena& effect);
  void carry_out(host::GatherRound& effect);
  void carry_out(host::SendRound& effect);
  void carry_out(host::ReceiveRound& effect);
  void carry_out(host::ScatterRound& effect);
  void carry_out(host::ReleaseRound& effect) { ports_.rounds.release(effect.round); }
  void carry_out(host::AbandonRound& effect) { ports_.rounds.abandon(effect.round); }
  void carry_out(host::WriteCheckpoint& effect);
  void carry_out(host::ReserveStaging& effect) { ports_.store.reserve(effect.request, effect.arena_bytes); }
  void carry_out(host::VerifyImages& effect) {
    ports_.store.verify(effect.request, std::move(effect.images));
  }
  void carry_out(host::LoadImage& effect);
  void carry_out(host::PruneImages& effect) { ports_.store.prune(std::move(effect.order)); }
  void carry_out(host::Write& effect) { world.log.write(effect.note); }
  void carry_out(host::Exit& effect) { leave(effect.code); }
  void carry_out(host::TakeOver& effect) { claim_ = std::move(effect.claim); }

  // The arena's first `bytes`; nothing if it can't be mapped that far.
  std::optional<std::span<std::byte>> arena(CapsuleId capsule, std::uint64_t bytes);

  HostPorts ports_;
  host::Host& host_;
  manager::Manager manager_;
  std::optional<Line> line_;  // to the allocator; none: what it hears isn't numbered
  std::set<CapsuleId> capsules_;     // alive, as far as is known: their reports are read
  std::deque<host::Event> answers_;  // to effects that are answered here
  Instant urgent_until_;
  std::optional<custody::Claim> claim_;
};

}  // namespace godwit
