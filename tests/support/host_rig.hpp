// HostRig: a host without a world. Feeds events, keeps every effect, and fails the test if one is left
// that the test didn't expect: what a host does not do is half of what it promises. Notes and timers
// are kept apart: timers fire when the test lets time pass.
#pragma once

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <string>
#include <typeinfo>
#include <vector>

#include "host/host.hpp"
#include "message/codec.hpp"

namespace godwit::test {

inline constexpr Rank here{1}, other{2}, third{3};

inline host::Settings many_slots() {
  host::Settings settings;
  settings.has.cores = 64;
  return settings;
}

class HostRig {
 public:
  explicit HostRig(host::Settings settings = many_slots()) : host_(here, settings) {}
  ~HostRig() { nothing_else(); }
  HostRig(HostRig const&) = delete;
  HostRig& operator=(HostRig const&) = delete;

  // ---- what happens
  void event(host::Event const& happened) {
    nothing_else();
    host::Effects effects;
    host_.step(now, happened, effects);
    for (auto& effect : effects) keep(std::move(effect));
  }
  void capsule(CapsuleEvent happened) { event(std::move(happened)); }
  void store(StoreEvent happened) { event(std::move(happened)); }
  template <class M>
  void from(Rank sender, M message) {
    event(host::Received{sender, std::move(message), term});
  }
  template <class M>
  void from_allocator(M message) {
    from(allocator_rank, std::move(message));
  }
  // Timers that fall due on the way fire, one event each.
  void pass(Duration time) {
    auto const end = now + time;
    for (;;) {
      auto next = timers_.end();
      for (auto at = timers_.begin(); at != timers_.end(); ++at) {
        if (at->second <= end && (next == timers_.end() || at->second < next->second)) next = at;
      }
      if (next == timers_.end()) break;
      auto const timer = next->first;
      now = std::max(now, next->second);
      timers_.erase(next);
      event(host::TimerFired{timer});
    }
    now = end;
  }

  // ---- what the host did
  template <class E>
  E did() {
    for (auto at = effects_.begin(); at != effects_.end(); ++at) {
      if (auto* const effect = std::get_if<E>(&*at)) {
        auto taken = std::move(*effect);
        effects_.erase(at);
        return taken;
      }
    }
    ADD_FAILURE() << "the host didn't " << typeid(E).name() << "; it did: " << listing();
    return {};
  }
  template <class M>
  M sent(Rank to) {
    for (auto at = effects_.begin(); at != effects_.end(); ++at) {
      auto* const send = std::get_if<host::Send>(&*at);
      if (send == nullptr || send->to != to) continue;
      if (auto* const message = std::get_if<M>(&send->message)) {
        auto taken = std::move(*message);
        effects_.erase(at);
        return taken;
      }
    }
    ADD_FAILURE() << "no " << name_of(Message{M{}}) << " to " << to.value << "; the host did: " << listing();
    return {};
  }
  template <class M>
  M told_allocator() {
    return sent<M>(allocator_rank);
  }
  [[nodiscard]] bool sends_to(Rank to) const {
    for (auto const& effect : effects_) {
      auto const* const send = std::get_if<host::Send>(&effect);
      if (send != nullptr && send->to == to) return true;
    }
    return false;
  }
  void nothing_else() {
    EXPECT_TRUE(effects_.empty()) << "and the host also did: " << listing();
    effects_.clear();
  }
  [[nodiscard]] bool noted(std::string const& part) const {
    for (auto const& note : notes) {
      if (note.text.find(part) != std::string::npos) return true;
    }
    return false;
  }
  [[nodiscard]] std::size_t timers() const { return timers_.size(); }

  Instant now{1'000'000'000};
  Term term{1};  // of those who send
  std::vector<Note> notes;

 private:
  void keep(host::Effect effect) {
    if (auto* const note = std::get_if<host::Write>(&effect)) {
      notes.push_back(note->note);
    } else if (auto* const arm = std::get_if<host::Arm>(&effect)) {
      timers_.erase(arm->timer);
      if (arm->at != Instant{}) timers_.emplace(arm->timer, arm->at);
    } else {
      if (std::holds_alternative<host::Exit>(effect)) timers_.clear();
      effects_.push_back(std::move(effect));
    }
  }
  std::string listing() const {
    std::string all;
    for (auto const& effect : effects_) {
      auto const* const send = std::get_if<host::Send>(&effect);
      all += send != nullptr
                 ? "Send " + std::string(name_of(send->message)) + " to " + std::to_string(send->to.value)
                 : std::visit([](auto const& held) { return std::string(typeid(held).name()); }, effect);
      all += "; ";
    }
    return all;
  }

  host::Host host_;
  std::list<host::Effect> effects_;
  std::map<RequestId, Instant> timers_;
};

}  // namespace godwit::test
