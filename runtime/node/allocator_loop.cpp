#include "base/mutation.hpp"
#include "node/allocator_loop.hpp"

namespace godwit {

void AllocatorLoop::step(allocator::Event const& event) {
  effects_.clear();
  allocator_.step(world.clock.now(), world.clock.wall(), event, effects_);
  for (auto& effect : effects_) {
    std::visit([this](auto& held) { carry_out(held); }, effect);
  }
  release();
}

void AllocatorLoop::carry_out(allocator::Append& effect) {
  if (!broken_) outbox_.appended(ports_.journal.append(encode(effect.event)));
}

void AllocatorLoop::carry_out(allocator::Send& effect) {
  if (effect.unjournalled || mutated(Mutation::send_before_durable)) return send(effect.to, effect.message);
  outbox_.put(std::move(effect));
}

bool AllocatorLoop::poll_ports() {
  bool happened = look_at_journal();
  for (auto& command : ports_.control.poll()) {
    step(std::move(command));
    happened = true;
  }
  for (auto& found : ports_.catalogue.poll()) {
    step(std::move(found));
    happened = true;
  }
  return happened;
}

bool AllocatorLoop::look_at_journal() {
  if (broken_) return release();
  auto const durable = ports_.journal.durable();
  if (durable) {
    outbox_.durable(*durable);
    return release();
  }
  broken_ = true;
  outbox_.broke();
  step(allocator::JournalBroken{durable.failure()});
  return true;
}

bool AllocatorLoop::release() {
  bool const any = outbox_.ready();
  while (outbox_.ready()) {
    auto item = outbox_.take();
    std::visit([this](auto& held) { let_go(held); }, item);
  }
  return any;
}

}  // namespace godwit
