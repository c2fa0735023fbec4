// A cluster for tests of the scheduler: jobs that take their time, hosts that are never allowed to be
// overfull. After each placement it checks what must hold whatever the policy.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "policy/scheduler.hpp"

namespace godwit::policy {

inline Demand cores(std::int32_t count) {
  return {.cores = count};
}
inline Instant at(Duration since_start) {
  return Instant{} + since_start;
}
inline ShareTree tree_of(std::vector<AccountRule> const& rules) {
  auto tree = ShareTree::make(rules);
  EXPECT_TRUE(tree) << (tree ? "" : tree.failure().context);
  return tree ? *tree : ShareTree{};
}
inline std::unique_ptr<Policy> policy_named(std::string_view name, UpDownTuning const& tuning = {}) {
  auto policy = make_policy(name, tuning);
  EXPECT_TRUE(policy);
  return std::move(*policy);
}

class Cluster {
 public:
  struct Job {
    Request request;
    Duration length{0};
    Duration left{0};  // when it was last started
    Instant submitted, began;
    Rank host{no_rank};
    Duration waited{0};
    bool ended{false};
  };

  explicit Cluster(std::string_view policy, std::vector<AccountRule> const& rules = {}, Tuning tuning = {},
                   UpDownTuning const& up_down = {})
      : scheduler(tuning, policy_named(policy, up_down), tree_of(rules)) {}

  void hosts(std::int32_t count, std::int32_t each) {
    for (std::int32_t i = 1; i <= count; ++i) host(Rank{i}, {.cores = each});
  }
  void host(Rank rank, Capabilities const& has, bool open = true) {
    has_[rank] = has;
    scheduler.set_host(rank, has, open);
  }
  JobId submit(std::string const& account, Demand const& demand, Duration length = 1s,
               std::int32_t priority = 0) {
    JobId const id{++submitted_};
    Job job{.request =
                {.job = id, .account = account, .demand = demand, .priority = priority, .estimate = length},
            .length = length,
            .left = length,
            .submitted = now};
    scheduler.wait(job.request);
    jobs[id] = job;
    waiting.insert(id);
    return id;
  }
  // All that may start now, in the order in which it does.
  std::vector<JobId> place() {
    std::vector<JobId> started;
    while (auto const placement = scheduler.next(now)) {
      start(placement->job, placement->host);
      started.push_back(placement->job);
    }
    return started;
  }
  void start(JobId id, Rank host) {
    ASSERT_TRUE(waiting.contains(id)) << "job " << id.value << " isn't in line";
    auto& job = jobs.at(id);
    waiting.erase(id);
    scheduler.leave(id);
    scheduler.occupy(job.request, host, now);
    job.host = host;
    job.began = now;
    job.waited += now - job.submitted;
    runs.insert({now + job.left, id});
    taken_[host] += job.request.demand.cores;
    running_[job.request.account] += job.request.demand.cores;
    EXPECT_LE(taken_[host], has_.at(host).cores) << "host " << host.value << " is overfull";
  }
  void end(JobId id) {
    auto& job = jobs.at(id);
    runs.erase({job.began + job.left, id});
    scheduler.release(id, job.host);
    taken_[job.host] -= job.request.demand.cores;
    running_[job.request.account] -= job.request.demand.cores;
    job.ended = true;
  }
  // It waits again, with what is left of it.
  void put_back(JobId id) {
    auto& job = jobs.at(id);
    end(id);
    job.ended = false;
    job.left -= now - job.began;
    job.submitted = now;
    job.request.last = job.host;
    scheduler.wait(job.request);
    waiting.insert(id);
  }
  void end_those_due() {
    while (!runs.empty() && runs.begin()->first <= now) end(runs.begin()->second);
  }
  // One interval later: first jobs end, then everyone is looked at.
  void tick(Duration by = 1s) {
    now = now + by;
    end_those_due();
    scheduler.interval(now);
  }
  [[nodiscard]] std::int32_t running(std::string const& account) const {
    auto const found = running_.find(account);
    return found == running_.end() ? 0 : found->second;
  }
  [[nodiscard]] std::int64_t score(std::string const& path) const {
    auto const node = scheduler.tree().find(path);
    return node ? scheduler.tree()[*node].standing.score : 0;
  }
  [[nodiscard]] std::string path(Node node) const { return scheduler.tree()[node].path; }

  Scheduler scheduler;
  Instant now;
  std::map<JobId, Job> jobs;
  std::set<JobId> waiting;
  std::set<std::pair<Instant, JobId>> runs;  // by when they end

 private:
  std::map<Rank, Capabilities> has_;
  std::map<Rank, std::int32_t> taken_;
  std::map<std::string, std::int32_t> running_;
  std::uint64_t submitted_{0};
};

}  // namespace godwit::policy
