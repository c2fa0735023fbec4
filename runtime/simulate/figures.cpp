#include "simulate/figures.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

namespace godwit::simulate {
namespace {

using Jobs = std::vector<Ended const*>;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double bounded_slowdown(Ended const& job) {
  constexpr double least_s{10};
  return std::max(1.0, seconds(job.wait() + job.run) / std::max(seconds(job.run), least_s));
}

double percentile(std::vector<double> const& sorted, double part) {
  if (sorted.empty()) return 0;
  auto const nearest = static_cast<std::size_t>(std::ceil(part * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(nearest, 1) - 1];
}

Waits waits_of(Jobs const& jobs) {
  Waits waits{.jobs = jobs.size()};
  if (jobs.empty()) return waits;
  std::vector<double> each;
  double run_s = 0;
  for (auto const* job : jobs) {
    each.push_back(seconds(job->wait()));
    run_s += seconds(job->run);
    waits.mean_bounded_slowdown += bounded_slowdown(*job);
  }
  auto const wait_s = std::accumulate(each.begin(), each.end(), 0.0);
  std::sort(each.begin(), each.end());
  auto const count = static_cast<double>(jobs.size());
  waits.mean_wait_s = wait_s / count;
  waits.mean_bounded_slowdown /= count;
  waits.p95_wait_s = percentile(each, 0.95);
  waits.p99_wait_s = percentile(each, 0.99);
  waits.wait_ratio = wait_s / run_s;
  return waits;
}

AccountFigures account_figures(std::string const& account, Jobs const& jobs) {
  AccountFigures figures{.account = account, .waits = waits_of(jobs)};
  for (auto const* job : jobs) {
    figures.core_s += job->cores * seconds(job->run);
    figures.preemptions += job->preemptions;
  }
  return figures;
}

double jain(std::vector<AccountFigures> const& accounts) {
  double sum = 0, squares = 0;
  for (auto const& account : accounts) {
    sum += account.waits.mean_bounded_slowdown;
    squares += account.waits.mean_bounded_slowdown * account.waits.mean_bounded_slowdown;
  }
  return squares > 0 ? sum * sum / (static_cast<double>(accounts.size()) * squares) : 1;
}

double mean_core_s(std::vector<AccountFigures> const& accounts) {
  double sum = 0;
  for (auto const& account : accounts) sum += account.core_s;
  return sum / static_cast<double>(std::max<std::size_t>(accounts.size(), 1));
}

std::map<std::uint32_t, Jobs> by_account(Outcome const& outcome) {
  std::map<std::uint32_t, Jobs> jobs;
  for (auto const& ended : outcome.ended) jobs[ended.account].push_back(&ended);
  return jobs;
}

}  // namespace

Figures figures_of(Outcome const& outcome) {
  Figures figures{.policy = outcome.policy};
  Jobs all;
  for (auto const& ended : outcome.ended) all.push_back(&ended);
  figures.waits = waits_of(all);
  auto const jobs_of = by_account(outcome);
  for (auto const& [account, jobs] : jobs_of) {
    figures.accounts.push_back(account_figures(outcome.accounts[account], jobs));
  }
  Jobs light;
  auto const mean_s = mean_core_s(figures.accounts);
  auto each = figures.accounts.begin();
  for (auto const& [account, jobs] : jobs_of) {
    if ((each++)->core_s < mean_s) light.insert(light.end(), jobs.begin(), jobs.end());
  }
  figures.light = waits_of(light);
  figures.jain_slowdown = jain(figures.accounts);
  std::stable_sort(figures.accounts.begin(), figures.accounts.end(),
                   [](AccountFigures const& a, AccountFigures const& b) { return a.core_s > b.core_s; });
  figures.makespan_s = seconds(outcome.end - outcome.begin);
  auto const capacity = outcome.processors * figures.makespan_s;
  figures.utilisation = capacity > 0 ? outcome.busy_core_s / capacity : 0;
  figures.preemptions = outcome.preemptions;
  figures.never_fit = outcome.never_fit;
  figures.events = outcome.events;
  return figures;
}

std::vector<WaitPoint> waits_over_time(Outcome const& outcome, std::size_t spans, std::size_t accounts_max) {
  auto const figures = figures_of(outcome);
  auto const named =
      accounts_max > 0 ? std::min(accounts_max, figures.accounts.size()) : figures.accounts.size();
  std::map<std::string, std::size_t> place;  // in the answer
  for (std::size_t i = 0; i < figures.accounts.size(); ++i)
    place[figures.accounts[i].account] = std::min(i, named);
  auto const span = seconds(outcome.end - outcome.begin) / static_cast<double>(spans);
  std::map<std::pair<std::size_t, std::size_t>, WaitPoint> points;
  for (auto const& job : outcome.ended) {
    auto const at = place.at(outcome.accounts[job.account]);
    auto const when =
        std::min(spans - 1, static_cast<std::size_t>(seconds(job.submit - outcome.begin) / span));
    auto& point = points[{at, when}];
    point.time_s = (static_cast<double>(when) + 0.5) * span;
    point.account = at < named ? outcome.accounts[job.account] : "others";
    ++point.jobs;
    point.mean_wait_s += seconds(job.wait());
  }
  std::vector<WaitPoint> all;
  for (auto& [at, point] : points) {
    point.mean_wait_s /= static_cast<double>(point.jobs);
    all.push_back(std::move(point));
  }
  return all;
}

}  // namespace godwit::simulate
