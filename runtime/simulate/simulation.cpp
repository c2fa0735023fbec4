#include "simulate/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <tuple>

namespace godwit::simulate {
namespace {

using policy::Placement;
using policy::Preemption;
using policy::Scheduler;

constexpr Instant end_of_time{std::int64_t{250} * 366 * 86400 * 1'000'000'000};

class Simulation {
 public:
  Simulation(Workload& workload, Setup const& setup, std::unique_ptr<policy::Policy> policy,
             policy::ShareTree tree)
      : workload_(workload),
        setup_(setup),
        looks_(policy->discipline() == policy::Discipline::by_account),
        scheduler_(setup.tuning, std::move(policy), std::move(tree)) {
    outcome_.policy = setup.policy + (setup.preempt ? "+preempt" : "");
    outcome_.accounts = workload.accounts();
    outcome_.processors = setup.processors;
    outcome_.begin = workload.counts_from();
    for (std::int32_t host = 0; host < setup.hosts; ++host) {
      auto const cores = setup.processors / setup.hosts + (host < setup.processors % setup.hosts ? 1 : 0);
      largest_host_ = std::max(largest_host_, cores);
      scheduler_.set_host(Rank{host + 1}, {.cores = cores}, true);
    }
    next_interval_ = Instant{} + setup.tuning.interval;
  }

  Result<Outcome> run() {
    while (auto const at = next_instant()) {
      if (workload_.until() && *at > *workload_.until()) {
        if (auto const last = last_interval(*workload_.until())) advance(*last);
        break;
      }
      if (*at > end_of_time) return reject("too_long", "the jobs would take longer than 250 years");
      advance(*at);
      bool const interval = end_intervals();
      bool const ended = end_jobs();
      bool const submitted = take_submissions();
      // With neither room nor requests that weren't there before, only a preemption can start something.
      if (ended || submitted || (interval && setup_.preempt)) pass();
    }
    outcome_.end = workload_.until().value_or(now_);
    return std::move(outcome_);
  }

 private:
  struct Task {
    Job job;
    Duration done{0};
    Instant since;
    Rank host{no_rank};  // none: it waits
    std::uint32_t starts{0};
  };
  struct End {
    Instant at;
    std::uint32_t task;
    std::uint32_t start;  // of the task; it may have been preempted since
    auto operator<=>(End const&) const = default;
  };

  std::optional<Instant> next_instant() {
    while (!ends_.empty() && is_stale(ends_.top())) ends_.pop();
    auto next = workload_.next();
    if (!ends_.empty() && (!next || ends_.top().at < *next)) next = ends_.top().at;
    if (!next || !looks_ || !may_preempt()) return next;
    return std::min(*next, next_interval_);
  }
  [[nodiscard]] bool is_stale(End const& end) const {
    auto const& task = tasks_[end.task];
    return task.host == no_rank || task.starts != end.start;
  }

  // Else nobody asks about what came of an interval before something else happens.
  [[nodiscard]] bool may_preempt() const { return setup_.preempt && waiting_ > 0; }
  // By then, of those that are still to be told of.
  [[nodiscard]] std::optional<Instant> last_interval(Instant by) const {
    if (!looks_ || by < next_interval_) return std::nullopt;
    auto const interval = setup_.tuning.interval;
    return next_interval_ + interval * ((by - next_interval_) / interval);
  }

  void advance(Instant to) {
    auto const from = std::max(now_, outcome_.begin);
    if (to > from) outcome_.busy_core_s += busy_cores_ * std::chrono::duration<double>(to - from).count();
    now_ = to;
  }

  bool end_intervals() {
    auto const last = last_interval(now_);
    if (!last) return false;
    auto const interval = setup_.tuning.interval;
    auto const after = *last + interval;
    scheduler_.intervals(*last, (after - next_interval_) / interval);
    next_interval_ = after;
    return true;
  }

  bool end_jobs() {
    bool any = false;
    for (; !ends_.empty() && ends_.top().at == now_; ends_.pop()) {
      if (is_stale(ends_.top())) continue;
      end_job(ends_.top().task);
      any = true;
    }
    return any;
  }
  void end_job(std::uint32_t index) {
    auto& task = tasks_[index];
    vacate(index);
    ++outcome_.events;
    if (task.job.submit >= outcome_.begin) {
      outcome_.ended.push_back(
          {task.job.account, task.job.cores, task.starts - 1, task.job.submit, now_, task.job.run});
    }
    workload_.ended(task.job, now_);
  }
  void vacate(std::uint32_t index) {
    auto& task = tasks_[index];
    scheduler_.release(id_of(index), task.host);
    busy_cores_ -= task.job.cores;
    task.host = no_rank;
  }

  bool take_submissions() {
    if (workload_.next() != now_) return false;
    fresh_.clear();
    workload_.submit(fresh_);
    for (auto const& job : fresh_) {
      ++outcome_.events;
      if (job.cores > largest_host_) {
        ++outcome_.never_fit;
        continue;
      }
      tasks_.push_back({.job = job});
      ++waiting_;
      scheduler_.wait(request_of(static_cast<std::uint32_t>(tasks_.size() - 1)));
    }
    return true;
  }

  void pass() {
    start_all();
    if (!setup_.preempt) return;
    while (auto const preemption = scheduler_.preempt(now_)) {
      put_back(*preemption);
      start_all();
    }
  }
  void start_all() {
    while (auto const placement = scheduler_.next(now_)) start(*placement);
  }
  void start(Placement const& placement) {
    auto const index = placement.job.number() - 1;
    auto& task = tasks_[index];
    scheduler_.leave(placement.job);
    scheduler_.occupy(request_of(index), placement.host, now_);
    --waiting_;
    task.host = placement.host;
    task.since = now_;
    ++task.starts;
    busy_cores_ += task.job.cores;
    ++outcome_.events;
    ends_.push({now_ + (task.job.run - task.done), index, task.starts});
  }
  void put_back(Preemption const& preemption) {
    auto const index = preemption.victim.number() - 1;
    tasks_[index].done += now_ - tasks_[index].since;
    vacate(index);
    ++waiting_;
    scheduler_.wait(request_of(index));
    if (now_ >= outcome_.begin) ++outcome_.preemptions;
  }

  [[nodiscard]] static JobId id_of(std::uint32_t index) { return {std::uint64_t{index} + 1}; }
  [[nodiscard]] policy::Request request_of(std::uint32_t index) const {
    auto const& task = tasks_[index];
    policy::Request request{.job = id_of(index), .account = outcome_.accounts[task.job.account]};
    request.demand.cores = task.job.cores;
    if (task.job.estimate > 0s) request.estimate = std::max<Duration>(task.job.estimate - task.done, 1ns);
    return request;
  }

  Workload& workload_;
  Setup const& setup_;
  bool looks_;  // the policy, at how everyone stands
  Scheduler scheduler_;
  Outcome outcome_;
  Instant now_, next_interval_;
  std::vector<Task> tasks_;  // a job's number is its place here, from 1
  std::vector<Job> fresh_;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
  std::uint64_t waiting_{0};  // jobs
  double busy_cores_{0};
  std::int32_t largest_host_{0};
};

}  // namespace

Result<Outcome> simulate(Workload& workload, Setup const& setup) {
  if (setup.hosts < 1 || setup.processors < setup.hosts) {
    return reject("usage", fmt::format("{} processors can't make {} hosts", setup.processors, setup.hosts));
  }
  if (setup.tuning.interval <= 0s) return reject("usage", "an interval is longer than 0");
  auto policy = setup.own_policy != nullptr ? Result(std::unique_ptr<policy::Policy>(setup.own_policy()))
                                            : policy::make_policy(setup.policy, setup.up_down);
  if (!policy) return policy.failure();
  auto tree = policy::ShareTree::make(setup.rules);
  if (!tree) return tree.failure();
  return Simulation(workload, setup, *std::move(policy), *std::move(tree)).run();
}

}  // namespace godwit::simulate
