#include "node/allocator_loop.hpp"

#include <fmt/format.h>

#include "base/fault_point.hpp"
#include "base/mutation.hpp"

namespace godwit {

void AllocatorLoop::step(allocator::Event const& event) {
  effects_.clear();
  allocator_.step(world.clock.now(), world.clock.wall(), event, effects_);
  for (auto& effect : effects_) {
    std::visit([this](auto& held) { carry_out(held); }, effect);
  }
  release();
}

// Of another term it is in no order: the allocator steps down before a newer one, and drops what is older.
void AllocatorLoop::handle(Delivered&& delivered) {
  auto* const parcel = std::get_if<msg::Parcel>(&delivered.message);
  if (parcel == nullptr) {
    return step(allocator::Received{delivered.from, std::move(delivered.message), delivered.term});
  }
  auto const hear = [&](Result<Message>&& message) {
    if (message) return step(allocator::Received{parcel->host, std::move(*message), parcel->term});
    world.log.write({Level::severe, {}, {},
                     fmt::format("a message from rank {} was dropped: {}", parcel->host, message.failure().context)});
  };
  auto const line = lines_.find(parcel->host);
  if (line == lines_.end() || parcel->term != term()) return hear(decode<Message>(parcel->message));
  for (auto& message : line->second.take(*parcel)) hear(std::move(message));
}

// Welcome opens the channel.
void AllocatorLoop::say(Rank to, Message const& message) {
  auto const* const welcome = std::get_if<msg::Welcome>(&message);
  auto const line = lines_.find(to);
  if (welcome != nullptr || line == lines_.end()) {
    send(to, message);
    if (welcome != nullptr && welcome->numbered) lines_.insert_or_assign(to, Line(to, world.transport.self(), term(), false));
    return;
  }
  auto const via = line->second.via();
  send(via == no_rank ? to : via, line->second.wrap(message));
}

void AllocatorLoop::carry_out(allocator::Route& effect) {
  auto const line = lines_.find(effect.host);
  if (line == lines_.end()) return;
  for (auto& parcel : line->second.route(effect.manager)) {
    send(effect.manager == no_rank ? effect.host : effect.manager, parcel);
  }
}

void AllocatorLoop::carry_out(allocator::Append& effect) {
  if (broken_ || deposed_) return;
  fault_point("append", name_of(effect.event));
  unwritten_.push_back(encode(effect.event));
  outbox_.appended(++appended_);
  write_down();
}

// Only while it leads: who was stopped, and finds another in its place when it goes on, writes no more.
void AllocatorLoop::write_down() {
  while (!unwritten_.empty() && leads()) {
    auto const position = ports_.journal.append(std::move(unwritten_.front()));
    unwritten_.pop_front();
    invariant(position + unwritten_.size() == appended_, "the journal counts appends from 1");
  }
}

// Likewise: who has another in its place leaves the log to that one.
void AllocatorLoop::let_compact() {
  if (leads()) ports_.journal.may_compact();
  if (auto const trouble = ports_.journal.trouble()) world.log.write({Level::warning, {}, {}, *trouble});
}

void AllocatorLoop::carry_out(allocator::Send& effect) {
  if (effect.unjournalled || mutated(Mutation::send_before_durable)) return say(effect.to, effect.message);
  outbox_.put(std::move(effect));
}

void AllocatorLoop::carry_out(allocator::Exit& effect) {
  if (exit_code()) return;  // it has left: nobody leases it any more
  if (effect.deposed && !std::exchange(deposed_, true)) {
    unwritten_.clear();
    outbox_.close(retry_later("deposed",
                              "another allocator may lead by now, so this may not have been recorded: look at "
                              "the job, and try again"));
  }
  outbox_.put(effect);
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
  if (broken_ || deposed_) return release();
  auto const durable = ports_.journal.durable();
  if (durable) {
    outbox_.durable(*durable);
    tell_of_hindrance();
    let_compact();
    return release();
  }
  broken_ = true;
  unwritten_.clear();
  outbox_.close(retry_later("journal_broken",
                            "the ledger can't be written, so this may not have been recorded: the runtime is "
                            "stopping. Look at the job when it has been started again"));
  step(allocator::JournalBroken{durable.failure()});
  return true;
}

void AllocatorLoop::tell_of_hindrance() {
  auto const hindrance = ports_.journal.hindrance();
  if (hindrance.has_value() == std::exchange(hindered_, hindrance.has_value())) return;
  world.log.write(hindrance ? Note{Level::severe, {}, {},
                                   fmt::format("the ledger can't be written for now: {}. Jobs that run go on; whatever has to be "
                                               "recorded first waits until it can be",
                                               hindrance->context)}
                            : Note{Level::warning, {}, {}, "the ledger can be written again"});
}

// Read anew before each item: a slow one may take the rest of the lease.
bool AllocatorLoop::release() {
  bool any = false;
  write_down();
  while (outbox_.ready(leads())) {
    auto item = outbox_.take();
    std::visit([this](auto& held) { let_go(held); }, item);
    any = true;
  }
  while (!confirmed_.empty()) {
    auto const change = confirmed_.front();
    confirmed_.pop_front();
    step(allocator::Confirmed{change});
  }
  return any;
}

}  // namespace godwit
