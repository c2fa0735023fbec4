// A plain model of hosts whose jobs are moved for balance: each job has work to do, hosts share their node's cores evenly among
// those that run, a move costs its job some time, and once a second Balance is asked. Nothing of the allocator is in it; the
// model's residence rule is the simplest there is.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

#include "base/random.hpp"
#include "policy/balance.hpp"

namespace godwit::policy {

struct ModelJob {
  Rank host;
  std::int32_t cores{1};
  Duration work{0};     // left, on idle cores
  Duration standing{0};  // still, for a move
  Duration since{0};    // when it came to its host
  JobId family;
  int moves{0};
};

struct ModelHost {
  std::size_t node{0};
  std::int32_t cores{2};
  std::int64_t foreign{0};  // cores' worth of others on its node
};

class BalanceModel {
 public:
  explicit BalanceModel(BalanceTuning tuning) : tuning_(tuning) {}

  Rank add_host(ModelHost host) {
    auto const rank = Rank{static_cast<std::int32_t>(hosts.size()) + 1};
    hosts[rank] = host;
    return rank;
  }
  JobId add_job(ModelJob job) {
    auto const id = JobId{jobs.size() + 1};
    jobs[id] = job;
    return id;
  }

  [[nodiscard]] std::int32_t taken(Rank host) const {
    std::int32_t cores = 0;
    for (auto const& [id, job] : jobs) cores += job.host == host && job.work > Duration{0} ? job.cores : 0;
    return cores;
  }
  [[nodiscard]] Balance question() const {
    Balance balance;
    balance.tuning = tuning_;
    for (auto const& [rank, host] : hosts) {
      if (balance.nodes.size() <= host.node) balance.nodes.resize(host.node + 1, BalanceNode{.cores = 0});
      auto& node = balance.nodes[host.node];
      node.cores += host.cores;
      node.wanted += taken(rank);
      BalanceHost one{rank, host.node, host.cores, taken(rank)};
      for (auto const& [id, job] : jobs) one.jobs += job.host == rank && job.work > Duration{0} ? 1 : 0;
      balance.hosts.push_back(one);
    }
    for (auto const& [rank, host] : hosts) {
      auto& node = balance.nodes[host.node];
      auto const wanted = node.wanted + host.foreign;
      node.busy_milli = std::min(wanted, node.cores) * 1000;
      node.queue_milli = wanted * 1000;
    }
    balance.fits = [](BalanceJob const&, Rank) { return true; };
    balance.cost = [this](BalanceJob const&, Rank) { return cost; };
    return balance;
  }
  [[nodiscard]] std::vector<BalanceJob> running() const {
    std::vector<BalanceJob> all;
    auto const balance = question();
    for (auto const& [id, job] : jobs) {
      if (job.work <= Duration{0}) continue;
      auto const slowness = balance.nodes[hosts.at(job.host).node].slowness();
      bool const stayed = now - job.since >= residence && job.standing == Duration{0};
      all.push_back({id, job.host, job.cores, job.work / 1000 * slowness, stayed, job.family});
    }
    return all;
  }
  std::vector<BalanceMove> ask() const {
    auto const balance = question();
    if (balance.sources().empty()) return {};
    return balance.moves(running());
  }
  void make(BalanceMove const& move) {
    auto& job = jobs.at(move.job);
    job.host = move.to;
    job.since = now;
    job.standing = cost;
    ++job.moves;
    ++moves;
  }
  // A tenth of a second goes by.
  void run() {
    auto const balance = question();
    for (auto& [id, job] : jobs) {
      auto span = std::min(tick, job.work > Duration{0} ? tick : Duration{0});
      auto const still = std::min(job.standing, span);
      job.standing -= still, span -= still;
      job.work -= std::min(job.work, span * 1000 / balance.nodes[hosts.at(job.host).node].slowness());
    }
    now += tick;
    if (now % std::chrono::seconds(1) != Duration{0}) return;
    for (auto const& move : ask()) make(move);
  }
  [[nodiscard]] bool over() const {
    return std::ranges::all_of(jobs, [](auto const& one) { return one.second.work <= Duration{0}; });
  }
  Duration run_to_the_end() {
    while (!over() && now < std::chrono::hours(10)) run();
    return now;
  }
  [[nodiscard]] std::int64_t worst() const {
    std::int64_t slowest = 0;
    for (auto const& node : question().nodes) slowest = std::max(slowest, node.slowness());
    return slowest;
  }

  static constexpr Duration tick{100ms};
  std::map<Rank, ModelHost> hosts;
  std::map<JobId, ModelJob> jobs;
  Duration now{0}, residence{0}, cost{100ms};
  int moves{0};

 private:
  BalanceTuning tuning_;
};

}  // namespace godwit::policy
