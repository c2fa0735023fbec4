// MeasuredAllocator: the real allocator at rank 0, with a journal that is durable at once and a catalogue that knows
// every type. It takes events in turns, as Node's loop does, and counts the CPU time of the allocator's steps by what
// they were about, the frames (one per destination and turn, and more if they get large, as Post sends them; what waits
// for the journal leaves in one of its own), and what was appended. Where hosts are managed, their frames are their manager's.
#pragma once

#include <ctime>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "allocator/allocator.hpp"
#include "message/codec.hpp"
#include "node/post.hpp"

namespace godwit::bench {

inline double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

enum class About : std::uint8_t { jobs, beats, timers };

struct Counted {
  std::array<double, 3> cpu_s{};         // by About
  std::array<std::uint64_t, 3> steps{};  // likewise
  std::uint64_t frames_in{0}, frames_out{0}, messages_in{0}, messages_out{0};
  std::uint64_t records{0}, record_bytes{0};  // of the ledger
  std::uint64_t replies{0}, refusals{0};
};

class MeasuredAllocator {
 public:
  struct Sent {
    Rank to;
    Message message;
  };

  // `peers`: ranks 1..peers are of this world.
  MeasuredAllocator(allocator::Settings const& settings, std::int32_t peers, Instant now)
      : allocator_(settings, Ledger{}), now_(now), in_frame_(static_cast<std::size_t>(peers) + 1),
        out_frame_(in_frame_.size()), durable_frame_(in_frame_.size()), via_(in_frame_.size(), no_rank) {
    job_.name = "stub";
    job_.plugin_digest = "0";
    turn(now, {{allocator::Began{term, peers + 1, Duration{0}, {}, Rank{0}, false, {}}}});
  }

  // One turn of rank 0's loop: what has come in, what is due; jobs first, so that each kind is timed as one.
  void turn(Instant now, std::vector<allocator::Event> events) {
    now_ = now;
    ++turn_;
    std::vector<allocator::Event> jobs, beats, timers;
    for (auto& event : events) {
      auto const* received = std::get_if<allocator::Received>(&event);
      if (received != nullptr) {
        count_frame(in_frame_, received->from, received->message, counted_.messages_in, counted_.frames_in);
      }
      bool const beat = received != nullptr && (std::holds_alternative<msg::Heartbeat>(received->message) ||
                                                std::holds_alternative<msg::Hello>(received->message));
      (beat ? beats : jobs).push_back(std::move(event));
    }
    while (!timers_.empty()) {
      auto const first = std::ranges::min_element(timers_, {}, [](auto const& one) { return one.second; });
      if (first->second > now) break;
      timers.emplace_back(allocator::TimerFired{first->first});
      timers_.erase(first);
    }
    step(About::beats, beats);
    step(About::timers, timers);
    while (!jobs.empty()) {  // what the catalogue finds is a step of the submission that asked
      step(About::jobs, jobs);
      jobs = std::exchange(found_, {});
    }
  }

  [[nodiscard]] allocator::Event submission(JobArray job) {
    cmd::Submit submit;
    submit.jobs.push_back(std::move(job));
    return CommandReceived{std::exchange(next_command_, next_command_.next()), "bench", std::move(submit)};
  }

  [[nodiscard]] std::vector<Sent> take_sent() { return std::exchange(sent_, {}); }
  [[nodiscard]] Counted const& counted() const { return counted_; }
  [[nodiscard]] std::map<std::string, std::uint64_t> const& sent_by_name() const { return sent_by_name_; }
  void forget_counts() {
    counted_ = {};
    sent_by_name_.clear();
  }
  [[nodiscard]] Ledger const& ledger() const { return allocator_.ledger(); }

  static constexpr Term term{1};

 private:
  // The effects are looked at when the clock has been read.
  void step(About about, std::vector<allocator::Event> const& events) {
    if (events.empty()) return;
    effects_.clear();
    auto const begin = cpu_seconds();
    for (auto const& event : events) allocator_.step(now_, wall(), event, effects_);
    auto const index = static_cast<std::size_t>(about);
    counted_.cpu_s[index] += cpu_seconds() - begin - clock_cost_;
    counted_.steps[index] += events.size();
    for (auto& effect : effects_) carry_out(effect);
  }

  void carry_out(allocator::Effect& effect) {
    if (auto* send = std::get_if<allocator::Send>(&effect)) {
      count_frame(send->unjournalled ? out_frame_ : durable_frame_, send->to, send->message, counted_.messages_out,
                  counted_.frames_out);
      ++sent_by_name_[name_of(send->message)];
      sent_.push_back({send->to, std::move(send->message)});
    } else if (auto const* route = std::get_if<allocator::Route>(&effect)) {
      via_[static_cast<std::size_t>(route->host.value)] = route->manager;
    } else if (auto const* append = std::get_if<allocator::Append>(&effect)) {
      ++counted_.records;
      counted_.record_bytes += encode(append->event).size();
    } else if (auto const* arm = std::get_if<allocator::Arm>(&effect)) {
      timers_.erase(arm->timer);
      if (arm->at != Instant{}) timers_[arm->timer] = arm->at;
    } else if (auto const* find = std::get_if<allocator::FindTypes>(&effect)) {
      found_.emplace_back(TypesFound{find->request, std::vector{job_}});
    } else if (auto const* confirm = std::get_if<allocator::Confirm>(&effect)) {
      found_.emplace_back(allocator::Confirmed{confirm->change});
    } else if (auto const* reply = std::get_if<allocator::Reply>(&effect)) {
      ++counted_.replies;
      if (std::holds_alternative<cmd::Refusal>(reply->answer)) ++counted_.refusals;
    }
  }

  struct Frame {
    std::uint64_t turn{0};
    std::size_t bytes{0};
  };

  // A single host's frames never get large.
  void count_frame(std::vector<Frame>& frames, Rank host, Message const& message, std::uint64_t& messages,
                   std::uint64_t& count) {
    ++messages;
    auto const manager = via_[static_cast<std::size_t>(host.value)];
    auto& frame = frames[static_cast<std::size_t>((manager == no_rank ? host : manager).value)];
    if (std::exchange(frame.turn, turn_) != turn_ || frame.bytes > frame_bytes_enough) {
      frame.bytes = 0;
      ++count;
    }
    if (manager != no_rank) frame.bytes += parcel_bytes(message);
  }

  static std::size_t parcel_bytes(Message const& message) {
    msg::Parcel parcel;
    parcel.message = encode(message);
    return encode_message(parcel).size();
  }

  [[nodiscard]] WallTime wall() const { return {1'700'000'000'000'000'000 + now_.boot_ns}; }

  static double clock_cost() {
    constexpr int readings = 10'000;
    auto const begin = cpu_seconds();
    for (int i = 0; i < readings; ++i) static_cast<void>(cpu_seconds());
    return (cpu_seconds() - begin) / readings;
  }

  allocator::Allocator allocator_;
  Instant now_;
  JobType job_;
  allocator::Effects effects_;
  std::vector<allocator::Event> found_;
  std::vector<Sent> sent_;
  std::map<RequestId, Instant> timers_;
  std::map<std::string, std::uint64_t> sent_by_name_;
  CommandId next_command_{1};
  std::uint64_t turn_{0};
  std::vector<Frame> in_frame_, out_frame_, durable_frame_;  // the last one, by rank
  std::vector<Rank> via_;                                    // the manager, by host
  Counted counted_;
  double clock_cost_{clock_cost()};
};

}  // namespace godwit::bench
