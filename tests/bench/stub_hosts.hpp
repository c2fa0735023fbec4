// StubHosts: thousands of hosts in one process, in virtual time, for whoever measures an allocator. Each says Hello,
// heart-beats (one outstanding, with a report of each of its jobs), runs what it is granted for a time that is drawn
// from the job's id, and reports start and end. They neither move jobs nor die. What they say is given to the caller,
// who decides whether it goes to rank 0 or to a manager.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "message/message.hpp"

namespace godwit::bench {

struct StubSettings {
  std::int32_t hosts{1};          // ranks 1..hosts
  Capabilities has;               // each of them
  Duration job_mean{20s};         // of the jobs' running times: from half of it to one and a half
  Duration starting{1ms};         // from StartJob to JobStarted
  Duration joining{500ms};        // they join one by one within this time
};

class StubHosts {
 public:
  struct Said {
    Rank from;
    Message message;
  };

  StubHosts(StubSettings settings, Instant now)
      : settings_(std::move(settings)), hosts_(static_cast<std::size_t>(settings_.hosts) + 1) {
    for (std::int32_t rank = 1; rank <= settings_.hosts; ++rank)
      expect(now + settings_.joining * rank / settings_.hosts, What::hello, Rank{rank});
  }

  // All that they say until then, in order.
  void say(Instant until, std::vector<Said>& said) {
    while (!due_.empty() && due_.top().at <= until) {
      auto const next = due_.top();
      due_.pop();
      happen(next, said);
    }
  }

  void hear(Rank rank, Message const& message, Instant now) {
    auto& host = at(rank);
    if (auto const* welcome = std::get_if<msg::Welcome>(&message)) {
      host.seen = std::max(host.seen, welcome->at);
      host.beat_every = welcome->heartbeat_every;
      expect(now + host.beat_every, What::beat, rank);
    } else if (auto const* seen = std::get_if<msg::HeartbeatSeen>(&message)) {
      host.seen = std::max(host.seen, seen->at);
      expect(std::max(now, seen->sent + host.beat_every), What::beat, rank);
    } else if (std::holds_alternative<msg::Poll>(message)) {
      ++polls_;
    } else if (auto const* start = std::get_if<msg::StartJob>(&message)) {
      host.queue.push_back({start->job, start->epoch, start->spec.cores});
      start_next(host, rank, now);
    } else if (auto const* park = std::get_if<msg::ParkJob>(&message)) {
      expect(now + settings_.starting, What::parked, rank, park->job, park->epoch, park->request);
    }
  }

  // Cores without a job, granted or running.
  [[nodiscard]] std::int32_t room(Rank rank) const {
    auto const& host = hosts_[static_cast<std::size_t>(rank.value)];
    return std::max(settings_.has.cores - host.busy - static_cast<std::int32_t>(host.queue.size()), 0);
  }
  [[nodiscard]] std::int64_t running() const { return running_; }
  [[nodiscard]] std::uint64_t ended() const { return ended_; }  // the ledger forgets them after a while
  [[nodiscard]] std::uint64_t polls() const { return polls_; }  // none, if heart-beats are answered in time

 private:
  enum class What : std::uint8_t { hello, beat, started, ended, parked };
  struct Due {
    Instant at;
    std::uint64_t number;  // of those at one instant the first comes first
    What what;
    Rank host;
    JobId job;
    Epoch epoch;
    RequestId request;
    bool operator>(Due const& other) const { return std::tie(at, number) > std::tie(other.at, other.number); }
  };
  struct Job {
    JobId job;
    Epoch epoch;
    std::int32_t cores{1};
  };
  struct Host {
    Instant seen;
    Duration beat_every{0};
    std::int32_t busy{0};    // cores
    std::vector<Job> jobs;   // that run
    std::deque<Job> queue;   // granted ahead
  };

  [[nodiscard]] Host& at(Rank rank) { return hosts_[static_cast<std::size_t>(rank.value)]; }

  void expect(Instant when, What what, Rank host, JobId job = {}, Epoch epoch = {}, RequestId request = {}) {
    due_.push({when, ++number_, what, host, job, epoch, request});
  }

  void start_next(Host& host, Rank rank, Instant now) {
    while (!host.queue.empty() && host.busy + host.queue.front().cores <= settings_.has.cores) {
      auto const job = host.queue.front();
      host.queue.pop_front();
      host.busy += job.cores;
      host.jobs.push_back(job);
      ++running_;
      expect(now + settings_.starting, What::started, rank, job.job, job.epoch);
    }
  }

  // False: it isn't there any more.
  bool let_go(Host& host, Rank rank, JobId job, Epoch epoch, Instant now) {
    auto const found = std::ranges::find_if(
        host.jobs, [&](Job const& one) { return one.job == job && one.epoch == epoch; });
    if (found == host.jobs.end()) return false;
    host.busy -= found->cores;
    host.jobs.erase(found);
    --running_;
    start_next(host, rank, now);
    return true;
  }

  [[nodiscard]] Duration time_of(JobId job) const {
    auto const mean = static_cast<std::uint64_t>(settings_.job_mean.count());
    return Duration{static_cast<std::int64_t>(mean / 2 + Random(job.value).below(mean + 1))};
  }

  void happen(Due const& due, std::vector<Said>& said) {
    auto& host = at(due.host);
    switch (due.what) {
      case What::hello:
        said.push_back({due.host, msg::Hello{due.host.value, "node", settings_.has.cores, settings_.has}});
        break;
      case What::beat: {
        msg::Heartbeat beat{due.at, {1000 * host.busy}, {}, host.seen};
        for (auto const& one : host.jobs) {
          msg::JobReport report;
          report.job = one.job;
          report.epoch = one.epoch;
          report.steps = static_cast<std::uint64_t>(due.at.boot_ns / 1'000'000);
          beat.jobs.push_back(std::move(report));
        }
        said.push_back({due.host, std::move(beat)});
        break;
      }
      case What::started:
        expect(due.at + time_of(due.job), What::ended, due.host, due.job, due.epoch);
        said.push_back({due.host, msg::JobStarted{due.job, due.epoch, std::nullopt, 0, false, {}}});
        break;
      case What::ended:
        if (!let_go(host, due.host, due.job, due.epoch, due.at)) break;
        ++ended_;
        said.push_back({due.host, msg::JobEnded{due.job, due.epoch, {Ending::finished, {}, {}, 1, time_of(due.job)}}});
        break;
      case What::parked: {
        bool const was_there = let_go(host, due.host, due.job, due.epoch, due.at);
        std::optional<Failure> why;
        if (!was_there) why = reject("not_here", "it has ended");
        said.push_back({due.host, msg::OrderDone{due.request, due.job, std::move(why), {}}});
        break;
      }
    }
  }

  StubSettings settings_;
  std::vector<Host> hosts_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::uint64_t number_{0}, polls_{0};
  std::int64_t running_{0};
  std::uint64_t ended_{0};
};

}  // namespace godwit::bench
